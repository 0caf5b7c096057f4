import pLimit from 'p-limit'
import { checkCompose } from '../../api/apps/compose-check.ts'
import type { ComposeCli } from '../../api/docker/engine.types.ts'
import { AppError } from '../../api/errors.ts'
import { composeOf, testEachVersion } from '../helpers/compose-versions.ts'
import { uniqueProject } from '../helpers/docker.ts'

/** The message for each fault: for both versions, or one for 1.29 and one for 2. */
type Told = RegExp | [one: RegExp, two: RegExp]

const service = (lines: string): string => `services:\n  web:\n    image: a\n${lines.replaceAll(/^/gm, '    ')}\n`
const accepted = /^accepted$/
const needsTwo = (what: string, line: number): Told => [
  new RegExp(`^line ${line}: ${what} needs Compose 2, but this node has docker-compose 1`),
  accepted,
]

const faults: Record<string, [content: string, told: Told]> = {
  'a misspelled option': [service('prots: ["80:80"]'), /^line 4: "prots" is not a valid service option\. Did you mean "ports"\?$/],
  'a misspelled nested option': [
    'services:\n  web: { image: a }\nvolumes:\n  data:\n    drivr: local\n',
    /^line 5: "drivr" is not a valid option of "volumes.data"\. Did you mean "driver"\?$/,
  ],
  'a misspelled top-level key': [
    'volume: {}\nservices:\n  web: { image: a }\n',
    /^line 1: "volume" is not a valid top-level key\. Did you mean "volumes"\?$/,
  ],
  'a number instead of a list': [service('ports: 80'), /^line 4: "services.web.ports" must be a list/],
  'text instead of a mapping': [service('environment: TZ=UTC'), /^line 4: "services.web.environment" must be a mapping/],
  'an image that is a number': ['services:\n  web:\n    image: 5\n', /^line 3: "services.web.image" must be text$/],
  'a value that is not one of the choices': [
    service('pull_policy: sometimes'),
    /^line 4: "services.web.pull_policy" must be one of .*always/,
  ],
  'a label without quotes': [service('labels:\n  - a=b\n  - 5'), /^line 4: .*"services.web.labels" must be text/],
  'a volume with nothing before its colon': [
    service('volumes:\n  - ":/data"'),
    [accepted, /^line 5: ":\/data" is not a valid volume: .* is empty/],
  ],
  'a port that is a word': [
    service('ports:\n  - "80:abc"'),
    [/^line 4: .* must be a list of ports/, /^line 5: "abc" is not a valid container port/],
  ],
  'port ranges of different lengths': [
    service('ports: ["8000-8002:80-81"]'),
    [/^line 4: .*ports/, /^line 4: .*8000-8002.*80-81.* different lengths/],
  ],
  'an undefined volume': [
    service('volumes: ["data:/x"]'),
    /^line 4: the service "web" uses the volume "data", which is not defined under "volumes:"$/,
  ],
  'an undefined network': [
    service('networks: [front]'),
    /^line 4: the service "web" uses the network "front", which is not defined under "networks:"$/,
  ],
  'an undefined secret': [
    service('secrets: [s]'),
    /^line 4: the service "web" uses the secret "s", which is not defined under "secrets:"$/,
  ],
  'an undefined dependency': [
    service('depends_on: [db]'),
    /^line 4: the service "web" depends on the service "db", which is missing from the file/,
  ],
  'a circular dependency': [
    'services:\n  a: { image: x, depends_on: [b] }\n  b: { image: x, depends_on: [a] }\n',
    /^line [23]: these services depend on each other in a circle: /,
  ],
  'no image': [
    'services:\n  web:\n    restart: always\n',
    /^line 2: the service "web" needs an "image" \(such as "nginx:1\.29"\) or a "build"$/,
  ],
  'a required variable that is not set': [
    service('environment:\n  A: b\n  C: ${FOO:?set FOO in .env}'),
    /^line 6: the variable FOO is required but not set: set FOO in \.env$/,
  ],
  'one of two required variables in the same option': [
    service('command: "${HOME:?no} ${BAR:?give BAR}"'),
    /^line 4: the variable BAR is required but not set: give BAR$/,
  ],
  'a dollar sign that does not start a variable': [
    service('command: echo ${FOO'),
    /^line 4: "services.web.command" has a "\$" that does not start a variable: echo \$\{FOO\. Write "\$\$"/,
  ],
  'a missing env_file': [service('env_file:\n  - ./gone.env'), /^line 5: the file \.\/gone\.env does not exist$/],
  'a missing file to extend': [service('extends: { file: gone.yaml, service: x }'), /^line 4: the file \.\/gone\.yaml does not exist$/],
  'a missing service to extend': [service('extends: { service: base }'), /^line 4: \.\/compose\.yaml has no service "base" to extend$/],
  'an invalid time': [
    service('stop_grace_period: soon'),
    /^line 4: "services.web.stop_grace_period" must be a time such as 1m30s, not "soon"$/,
  ],
  'an invalid size': [service('mem_limit: lots'), /^line 4: "services.web.mem_limit" must be a size such as 512m, not "lots"$/],
  'a port that does not exist': [service('ports: ["99999:80"]'), /^line 4: there is no port 99999 on the host\. Ports go from 1 to 65535$/],
  'a misspelled restart policy': [
    service('restart: allways'),
    /^line 4: "services.web.restart" must be one of no, always, unless-stopped, on-failure, not "allways"\. Did you mean "always"\?$/,
  ],
  'too many replicas': [service('scale: 100000'), /^line 4: "services.web.scale" must be a whole number from 0 to 1000, not 100000$/],
  'two services with one container name': [
    service('container_name: one') + '  db: { image: b, container_name: one }\n',
    /^line 5: the services "web" and "db" both set the container name "one"\. Give each its own$/,
  ],
  'two services with one port': [
    service('ports: ["8080:80"]') + '  db:\n    image: b\n    ports: ["127.0.0.1:8080:81"]\n',
    /^line 7: the services "web" and "db" both publish the host's port 8080\/tcp$/,
  ],
  'an invalid number': [service('cpus: many'), /^line 4: "services.web.cpus" must be a number, not "many"$/],
  'a health check without CMD': [service('healthcheck: { test: [curl, x] }'), /^line 4: a "test" list must start with "CMD"/],
  'two options that exclude each other': [
    service('network_mode: host\nnetworks: [x]') + 'networks: { x: {} }\n',
    /^line [45]: .*has both "network_mode" and "networks"/,
  ],
  'a limit without its hard value': [service('ulimits: { nofile: { soft: 1 } }'), /^line 4: "services.web.ulimits.nofile" needs "hard"$/],
  'a version that is a number': ['version: 3.8\nservices:\n  web: { image: a }\n', /^line 1: "version" must be text/],
  'a key that is a number': ['services:\n  1: { image: a }\n', /^line 2: the key 1 in "services" must be text\. Put it in quotes$/],
  'a scaled service with a container name': [
    service('scale: 2\ncontainer_name: web-1'),
    /^line 5: the service "web" sets "container_name", so it can only have one container$/,
  ],
  'two problems': [
    service('prots: []') + '  db:\n    image: b\n    enviroment: {}\n',
    [/^line 7: "enviroment".*\nline 4: "prots"/, /^line \d: /],
  ],
  'a repeated key': [service('image: b'), [accepted, /^line 4: the key "image" is already on line 3\. Keep only one of them$/]],
  include: [
    'include: [other.yaml]\nservices:\n  web: { image: a }\n',
    [/^line 1: "include" needs Compose 2/, /^line 1: the file \.\/other\.yaml does not exist$/],
  ],
  'include alone': ['include: [other.yaml]\n', [/^line 1: "include" needs Compose 2/, /^line 1: the file \.\/other\.yaml does not exist$/]],
  'a name': ['name: x\nservices:\n  web: { image: a }\n', needsTwo('"name"', 1)],
  develop: [service('develop: { watch: [{ action: rebuild, path: . }] }'), needsTwo('"develop"', 4)],
  reset: [service('ports: !reset []'), needsTwo('"!reset"', 4)],
  'the required option of a dependency': [
    service('depends_on:\n  db: { condition: service_started, required: false }') + '  db: { image: b }\n',
    needsTwo('"required"', 5),
  ],
  'the long form of env_file': [service('env_file:\n  - path: gone.env\n    required: false'), needsTwo('the long form of "env_file"', 4)],
  'a config with content': [service('configs: [c]') + 'configs:\n  c:\n    content: x\n', needsTwo('"content"', 7)],
  gpus: [service('gpus: all'), needsTwo('"gpus"', 4)],
}

const inTurn = pLimit(2)

const check = async (cli: ComposeCli, project: Parameters<typeof cli.config>[0], content: string): Promise<string> =>
  checkCompose(content, () => cli.config(project)).then(
    () => 'accepted',
    (error: unknown) => {
      if (!(error instanceof AppError)) throw error
      return error.fields.map(({ message }) => message).join('\n')
    },
  )

for (const [what, [content, told]] of Object.entries(faults)) {
  testEachVersion(`explains ${what}`, (t, version) =>
    inTurn(async () => {
      const project = await uniqueProject(t)
      await project.writeCompose(content)
      t.regex(await check(composeOf(version), project, content), Array.isArray(told) ? told[version.major === 1 ? 0 : 1] : told)
    }),
  )
}

const warned: Record<string, [content: string, one: string[], two: string[]]> = {
  'unset variables': [
    service('environment:\n  A: ${FOO}\n  B: $BAR'),
    ['5: the variable FOO is not set, so Compose uses an empty value', '6: the variable BAR is not set, so Compose uses an empty value'],
    ['5: the variable FOO is not set, so Compose uses an empty value', '6: the variable BAR is not set, so Compose uses an empty value'],
  ],
  'an obsolete version': ['version: "3"\nservices:\n  web: { image: a }\n', [], ['1: "version" is obsolete and ignored. Remove the line']],
  'configs that are ignored': [
    service('configs: [c]') + 'configs:\n  c: { file: ./x }\n',
    ['4: docker-compose 1.29.2 ignores "configs", which needs Compose 2'],
    [],
  ],
  'a repeated key, of which 1.29 uses the last': [
    service('image: b'),
    ['4: the key "image" is already on line 3. Keep only one of them'],
    [],
  ],
}

for (const [what, [content, one, two]] of Object.entries(warned)) {
  testEachVersion(`warns about ${what}`, (t, version) =>
    inTurn(async () => {
      const project = await uniqueProject(t)
      await project.writeCompose(content)
      const warnings = await checkCompose(content, () => composeOf(version).config(project)).catch(() => [])
      const expected = version.major === 1 ? one : two
      t.deepEqual(
        // Version 2 warns in any order.
        warnings.map(({ line, message }) => `${line}: ${message}`.replace(/docker-compose 1\.\S+/, 'docker-compose 1.29.2')).toSorted(),
        expected,
      )
    }),
  )
}
