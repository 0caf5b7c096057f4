/**
 * Names of environment variables that change how Compose itself runs: which code it loads, which Engine, registry and files it uses.
 * Nobody who may edit an app's variables may set them, because Compose runs on the node with the node's rights. A closed list: what
 * is not on it is a variable like any other.
 */
const exact: Record<string, string[]> = {
  'the shell and the search for programs': ['PATH', 'BASH_ENV', 'IFS', 'SHELLOPTS', 'BASHOPTS', 'PS4', 'CDPATH', 'GLOBIGNORE'],
  'the loader and the C library': [
    ...['GLIBC_TUNABLES', 'GCONV_PATH', 'GETCONF_DIR', 'LOCPATH', 'NLSPATH', 'TZDIR', 'MUSL_LOCPATH', 'NIS_PATH'],
    ...['RES_OPTIONS', 'LOCALDOMAIN', 'HOSTALIASES', 'RESOLV_HOST_CONF', 'RESOLV_MULTI', 'RESOLV_ADD_TRIM_DOMAINS'],
  ],
  "Go's run time": ['GODEBUG', 'GOTRACEBACK', 'GOMAXPROCS', 'GOMEMLIMIT', 'GOGC', 'GOCOVERDIR', 'GORACE', 'GOFIPS140'],
  'the folders of programs on the node': ['HOME', 'TMPDIR', 'TMP', 'TEMP'],
  'which certificates are trusted': [
    ...['SSL_CERT_FILE', 'SSL_CERT_DIR', 'REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE', 'SSLKEYLOGFILE'],
    ...['OPENSSL_CONF', 'OPENSSL_CONF_INCLUDE', 'OPENSSL_ENGINES', 'OPENSSL_MODULES', 'NETRC'],
  ],
  'how registries are signed in to': [
    ...['AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE', 'GOOGLE_APPLICATION_CREDENTIALS', 'REGISTRY_AUTH_FILE'],
    ...['GNUPGHOME', 'DBUS_SESSION_BUS_ADDRESS', 'KUBECONFIG'],
  ],
}

const prefixes: Record<string, string[]> = {
  'the loader and the C library': ['LD_', 'DYLD_', 'MALLOC_'],
  'the shell and the search for programs': ['BASH_FUNC_'],
  'Python, in which Compose 1 is written': ['PYTHON'],
  'Perl, which Git uses': ['PERL5', 'PERLLIB'],
  'the folders of programs on the node': ['XDG_'],
  Docker: ['DOCKER_', 'BUILDKIT_', 'BUILDX_', 'CONTAINERD_', 'MOBY_'],
  Compose: ['COMPOSE_'],
  'where Compose reports to': ['OTEL_'],
  Git: ['GIT_'],
  SSH: ['SSH_'],
  'how registries are signed in to': ['PASSWORD_STORE_'],
}

/** In any case: programs read `http_proxy` as well as `HTTP_PROXY`. */
const proxies = /^(?:https?|ftp|rsync|all|no)_proxy$/i

/** The one variable of Compose's own that belongs to the app: which profiles are active. */
export const profilesName = 'COMPOSE_PROFILES'

/** What a variable of this name steers, in words that follow "steers"; null for a name that an app may use. */
export function steeredBy(name: string): string | null {
  if (name === profilesName) return null
  if (proxies.test(name)) return 'which proxy is used'
  const byName = Object.entries(exact).find(([, names]) => names.includes(name))
  const byPrefix = byName ?? Object.entries(prefixes).find(([, starts]) => starts.some((start) => name.startsWith(start)))
  return byPrefix?.[0] ?? null
}
