/** Commands that start a node that joins automatically. Each is one line for a POSIX shell. */
export interface JoinCommands {
  docker: string
  npm: string
}

/** Same as in docker/compose.secondary.yml; a test compares them. */
const appsDir = '/srv/selfhostly/apps'
const run = [
  'docker run -d --name selfhostly --restart unless-stopped --init --stop-timeout 15 --network host',
  '-v /var/run/docker.sock:/var/run/docker.sock -v /srv/selfhostly/data:/data',
  `-v ${appsDir}:${appsDir} -e APPS_DIR=${appsDir}`,
].join(' ')

export function joinCommands({ primaryUrl, secret }: { primaryUrl: string; secret: string }): JoinCommands {
  const settings = [`NODE_IS_PRIMARY=false`, `PRIMARY_NODE_URL=${quoted(primaryUrl)}`, `JOIN_TOKEN=${quoted(secret)}`]
  return {
    docker: `${run} ${settings.map((setting) => `-e ${setting}`).join(' ')} selfhostly:local`,
    npm: `${settings.join(' ')} npm start`,
  }
}

/** Quotes any text as one word for a POSIX shell. */
const quoted = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`)
