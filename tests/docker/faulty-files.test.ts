import { pino } from 'pino'
import pLimit from 'p-limit'
import { checkCompose } from '../../api/apps/compose-check.ts'
import { createComposeCli } from '../../api/docker/compose-cli.ts'
import { AppError } from '../../api/errors.ts'
import { testEachVersion, type ComposeVersion } from '../helpers/compose-versions.ts'
import { uniqueProject } from '../helpers/docker.ts'

/** What a person is told of each fault: for both versions, or for 1.29 and for 2. */
type Told = RegExp | [one: RegExp, two: RegExp]

const service = (lines: string): string => `services:\n  web:\n    image: a\n${lines.replaceAll(/^/gm, '    ')}\n`
const accepted = /^accepted$/
const needsTwo = (what: string, line: number): Told => [
  new RegExp(`^line ${line}: ${what} needs Compose 2, and this node has docker-compose 1`),
  accepted,
]

const faults: Record<string, [content: string, told: Told]> = {
  'a misspelt option': [service('prots: ["80:80"]'), /^line 4: "prots" is not an option of a service; did you mean "ports"\?$/],
  'a misspelt option within an option': [
    'services:\n  web: { image: a }\nvolumes:\n  data:\n    drivr: local\n',
    /^line 5: "drivr" is not an option of "volumes.data"; did you mean "driver"\?$/,
  ],
  'a misspelt key at the top': [
    'volume: {}\nservices:\n  web: { image: a }\n',
    /^line 1: "volume" is not a key that a Compose file has; did you mean "volumes"\?$/,
  ],
  'a list that is none': [service('ports: 80'), /^line 4: "services.web.ports" has to be a list/],
  'a mapping that is none': [service('environment: TZ=UTC'), /^line 4: "services.web.environment" has to be a mapping/],
  'an image that is a number': ['services:\n  web:\n    image: 5\n', /^line 3: "services.web.image" has to be text$/],
  'a word that is not among those possible': [
    service('pull_policy: sometimes'),
    /^line 4: "services.web.pull_policy" has to be one of .*always/,
  ],
  'a label without quotes': [service('labels:\n  - a=b\n  - 5'), /^line 4: .*"services.web.labels" has to be text/],
  'a volume with nothing before its colon': [
    service('volumes:\n  - ":/data"'),
    [accepted, /^line 5: ":\/data" is not a volume: .* is empty/],
  ],
  'a port that is a word': [
    service('ports:\n  - "80:abc"'),
    [/^line 4: .* has to be a list of ports/, /^line 5: "abc" is not a port of the container/],
  ],
  'ranges of ports that differ': [
    service('ports: ["8000-8002:80-81"]'),
    [/^line 4: .*ports/, /^line 4: .*8000-8002.*80-81.* different lengths/],
  ],
  'an undefined volume': [
    service('volumes: ["data:/x"]'),
    /^line 4: the service "web" uses the volume "data", which is not listed under "volumes:"$/,
  ],
  'an undefined network': [
    service('networks: [front]'),
    [accepted, /^line 4: the service "web" uses the network "front", which is not listed/],
  ],
  'an undefined secret': [service('secrets: [s]'), [accepted, /^line 4: the service "web" uses the secret "s", which is not listed/]],
  'an undefined dependency': [
    service('depends_on: [db]'),
    /^line 4: the service "web" depends on the service "db", which is not in the file/,
  ],
  'a circle': [
    'services:\n  a: { image: x, depends_on: [b] }\n  b: { image: x, depends_on: [a] }\n',
    /^line [23]: these services depend on each other in a circle: /,
  ],
  'no image': [
    'services:\n  web:\n    restart: always\n',
    /^line 2: the service "web" needs an "image" \(such as "nginx:1\.29"\) or a "build"$/,
  ],
  'a variable that has to be set': [
    service('environment:\n  A: b\n  C: ${FOO:?set FOO in .env}'),
    /^line 6: the variable FOO is not set and the file needs it: set FOO in \.env$/,
  ],
  'two such variables in one option': [
    service('command: "${HOME:?no} ${BAR:?give BAR}"'),
    /^line 4: the variable BAR is not set and the file needs it: give BAR$/,
  ],
  'a dollar that begins nothing': [
    service('command: echo ${FOO'),
    /^line 4: "services.web.command" has a "\$" that begins no variable: echo \$\{FOO\. Write "\$\$"/,
  ],
  'an env_file that is not there': [service('env_file:\n  - ./gone.env'), /^line 5: the file \.\/gone\.env is not there$/],
  'a file to extend that is not there': [
    service('extends: { file: gone.yaml, service: x }'),
    /^line 4: the file \.\/gone\.yaml is not there$/,
  ],
  'a service to extend that is not there': [
    service('extends: { service: base }'),
    /^line 4: there is no service "base" in \.\/compose\.yaml to extend$/,
  ],
  'a time that is none': [
    service('stop_grace_period: soon'),
    [accepted, /^line 4: .*stop_grace_period" has to be a time such as 1m30s, not "soon"$/],
  ],
  'a size that is none': [
    service('mem_limit: lots'),
    [accepted, /^line 4: "services.web.mem_limit" has to be a size such as 512m, not "lots"$/],
  ],
  'a number that is none': [service('cpus: many'), /^line 4: "services.web.cpus" has to be a number, not "many"$/],
  'a health check without its first word': [
    service('healthcheck: { test: [curl, x] }'),
    /^line 4: a "test" that is a list begins with "CMD"/,
  ],
  'two things of which one is possible': [
    service('network_mode: host\nnetworks: [x]') + 'networks: { x: {} }\n',
    /^line [45]: .*has both "network_mode" and "networks"/,
  ],
  'a limit that lacks its half': [service('ulimits: { nofile: { soft: 1 } }'), /^line 4: "services.web.ulimits.nofile" needs "hard"$/],
  'a version that is a number': [
    'version: 3.8\nservices:\n  web: { image: a }\n',
    /^line 1: (put the "version" in quotes|"version" has to be text)/,
  ],
  'a key that is a number': ['services:\n  1: { image: a }\n', /^line 2: the key 1 in "services" has to be text; put it in quotes$/],
  'a container that shall run twice': [
    service('scale: 2\ncontainer_name: x'),
    [accepted, /^line 5: the service "web" has a "container_name", so it cannot run/],
  ],
  'two problems': [
    service('prots: []') + '  db:\n    image: b\n    enviroment: {}\n',
    [/^line 7: "enviroment".*\nline 4: "prots"/, /^line \d: /],
  ],
  'a key twice': [service('image: b'), [accepted, /^line 4: the key "image" is already on line 3; keep one of the two$/]],
  include: [
    'include: [other.yaml]\nservices:\n  web: { image: a }\n',
    [/^line 1: "include" needs Compose 2/, /^line 1: the file \.\/other\.yaml is not there$/],
  ],
  'nothing but include': [
    'include: [other.yaml]\n',
    [/^line 1: "include" needs Compose 2/, /^line 1: the file \.\/other\.yaml is not there$/],
  ],
  'a name': ['name: x\nservices:\n  web: { image: a }\n', needsTwo('"name"', 1)],
  develop: [service('develop: { watch: [{ action: rebuild, path: . }] }'), needsTwo('"develop"', 4)],
  reset: [service('ports: !reset []'), needsTwo('"!reset"', 4)],
  'a required dependency': [
    service('depends_on:\n  db: { condition: service_started, required: false }') + '  db: { image: b }\n',
    needsTwo('"required"', 5),
  ],
  'the long form of env_file': [service('env_file:\n  - path: gone.env\n    required: false'), needsTwo('the long form of "env_file"', 4)],
  'a config with content': [service('configs: [c]') + 'configs:\n  c:\n    content: x\n', needsTwo('"content"', 7)],
  gpus: [service('gpus: all'), needsTwo('"gpus"', 4)],
}

const inTurn = pLimit(2)

const check = async (
  cli: ReturnType<typeof createComposeCli>,
  project: Parameters<typeof cli.config>[0],
  content: string,
): Promise<string> =>
  checkCompose(content, () => cli.config(project)).then(
    () => 'accepted',
    (error: unknown) => {
      if (!(error instanceof AppError)) throw error
      return error.fields.map(({ message }) => message).join('\n')
    },
  )

const cliOf = ({ env }: ComposeVersion) => createComposeCli({ log: pino({ level: 'silent' }), env })

for (const [what, [content, told]] of Object.entries(faults)) {
  testEachVersion(`said of ${what}`, (t, version) =>
    inTurn(async () => {
      const project = await uniqueProject(t)
      await project.writeCompose(content)
      t.regex(await check(cliOf(version), project, content), Array.isArray(told) ? told[version.major === 1 ? 0 : 1] : told)
    }),
  )
}

const warned: Record<string, [content: string, one: string[], two: string[]]> = {
  'variables that are not set': [
    service('environment:\n  A: ${FOO}\n  B: $BAR'),
    ['5: the variable FOO is not set, so it is empty', '6: the variable BAR is not set, so it is empty'],
    ['5: the variable FOO is not set, so it is empty', '6: the variable BAR is not set, so it is empty'],
  ],
  'an obsolete version': [
    'version: "3"\nservices:\n  web: { image: a }\n',
    [],
    ['1: "version" is obsolete: Compose ignores it, so remove the line'],
  ],
  'configs that are ignored': [
    service('configs: [c]') + 'configs:\n  c: { file: ./x }\n',
    ['4: docker-compose 1.29.2 ignores "configs", which needs Compose 2'],
    [],
  ],
  'a key that 1.29 takes the last of': [service('image: b'), ['4: the key "image" is already on line 3; keep one of the two'], []],
}

for (const [what, [content, one, two]] of Object.entries(warned)) {
  testEachVersion(`warned of ${what}`, (t, version) =>
    inTurn(async () => {
      const project = await uniqueProject(t)
      await project.writeCompose(content)
      const warnings = await checkCompose(content, () => cliOf(version).config(project)).catch(() => [])
      const expected = version.major === 1 ? one : two
      t.deepEqual(
        warnings.map(({ line, message }) => `${line}: ${message}`.replace(/docker-compose 1\.\S+/, 'docker-compose 1.29.2')),
        expected,
      )
    }),
  )
}
