import test from 'ava'
import { problemOfName, problemOfValue } from '../../../api/apps/environment/variable-problem.ts'
import { steeredBy } from '../../../api/steering-names.ts'

test('names that steer the loader, Python, Go, Docker, Compose and what they use are refused', (t) => {
  const refused =
    'PATH HOME TMPDIR LD_PRELOAD LD_LIBRARY_PATH GLIBC_TUNABLES PYTHONPATH PYTHONSTARTUP GODEBUG GOGC DOCKER_HOST DOCKER_CONFIG ' +
    'BUILDKIT_HOST BUILDX_CONFIG COMPOSE_FILE COMPOSE_PROJECT_NAME COMPOSE_ENV_FILES SSL_CERT_FILE REQUESTS_CA_BUNDLE HTTP_PROXY ' +
    'https_proxy No_Proxy ALL_PROXY GIT_SSH_COMMAND SSH_AUTH_SOCK BASH_ENV XDG_CONFIG_HOME OTEL_EXPORTER_OTLP_ENDPOINT AWS_CONFIG_FILE'
  for (const name of refused.split(' ')) {
    t.truthy(steeredBy(name), name)
    t.regex(problemOfName(name) ?? '', /^steers .+, so an app cannot set it\. Use another name, such as APP_/, name)
  }
})

test('names that apps have are allowed', (t) => {
  const allowed =
    'COMPOSE_PROFILES TZ LANG USER UID PUID ENV NODE_ENV NODE_OPTIONS GOOGLE_CLIENT_ID AWS_ACCESS_KEY_ID PATHS MYPATH path LDAP_URL ' +
    'PROXY PG_PYTHON DB_PASSWORD _x __proto__ constructor'
  for (const name of allowed.split(' ')) t.is(problemOfName(name), null, name)
})

test('a name has letters, digits and underscores', (t) => {
  for (const name of ['1A', 'A B', 'A-B', 'A.B', 'Ä', 'A=', 'A\0', 'A\n', '$A']) t.regex(problemOfName(name) ?? '', /^is not a name/, name)
  t.is(problemOfName(''), 'has no name')
})

test('a value is text that a process can hold', (t) => {
  t.regex(problemOfValue('a\0b') ?? '', /NUL/)
  t.regex(problemOfValue('\ud800') ?? '', /half a character/)
  for (const value of ['', '\n\r\t', '😀', '=\x01\x7f']) t.is(problemOfValue(value), null)
})
