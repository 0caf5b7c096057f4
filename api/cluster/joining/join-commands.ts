/**
 * Commands that start a node that joins by itself. Each is one line for a POSIX shell, and changes nothing on a node that has joined.
 */
export interface JoinCommands {
  docker: string
  systemd: string
  npm: string
}

/** What `npm run image` builds. */
const ownImage = 'selfhostly:local'

export function joinCommands({
  primaryUrl,
  secret,
  image = ownImage,
}: {
  primaryUrl: string
  secret: string
  image?: string | undefined
}): JoinCommands {
  const [url, token] = [quoted(primaryUrl), quoted(secret)]
  // The image brings its script (docker/install.sh). Root is needed for its files; not every server has sudo.
  const install =
    `docker run --rm ${quoted(image)} selfhostly install-script | $(command -v sudo) sh -s -- ` +
    `--image ${quoted(image)} --primary ${url} --join-token ${token}`
  return {
    docker: install,
    systemd: `${install} --systemd`,
    npm: `NODE_IS_PRIMARY=false PRIMARY_NODE_URL=${url} JOIN_TOKEN=${token} npm start`,
  }
}

/** Quotes any text as one word for a POSIX shell. */
const quoted = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`)
