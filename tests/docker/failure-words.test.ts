import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { pino } from 'pino'
import pLimit from 'p-limit'
import { createComposeCli } from '../../api/docker/compose-cli.ts'
import type { ComposeCommand } from '../../api/docker/engine.types.ts'
import { failureReason } from '../../api/docker/failure-words.ts'
import { errorMessage } from '../../api/errors.ts'
import { testEachVersion } from '../helpers/compose-versions.ts'
import { createContainer, ensureTestImage, testImage, uniqueName, uniqueProject } from '../helpers/docker.ts'
import { pushForeignImage, startRegistry } from '../helpers/docker-registry.ts'

/** `HOST` is a registry, `IMAGE` the test image, `PROJECT` the name of the project. */
const service = (lines: string, rest = ''): string => `services:\n  web:\n${lines.replaceAll(/^/gm, '    ')}\n${rest}`
const started = (why: string): RegExp => new RegExp(`^The service "web" could not be started: ${why}$`)

interface Failing {
  content: string
  told: RegExp
  command?: ComposeCommand
  dockerfile?: string
}

const failing: Record<string, Failing> = {
  'a tag that the registry has not': {
    content: service('image: HOST/web:none'),
    told: /^The image HOST\/web:none of the service "web" could not be pulled: the registry has no image by this name and tag$/,
  },
  'the same, pulled': {
    content: service('image: HOST/web:none'),
    command: 'pull',
    told: /^The image HOST\/web:none of the service "web" could not be pulled: the registry has no image by this name and tag$/,
  },
  'an image for other machines': {
    content: service('image: HOST/foreign:1'),
    told: /^The image HOST\/foreign:1 of the service "web" could not be pulled: it is not made for this machine \(linux\/\w+\)$/,
  },
  'a name that is none': {
    content: service('image: "Upper/Case"'),
    told: /^The image Upper\/Case of the service "web" could not be pulled: that is not the name of an image \(.*lowercase\)$/,
  },
  'a network that is to be there': {
    content: service('image: IMAGE\nnetworks: [p]', 'networks:\n  p: { name: PROJECT-gone, external: true }\n'),
    told: /^There is no network "PROJECT-gone" on this node, and the file says that it exists already \("external"\): docker network create/,
  },
  'a volume that is to be there': {
    content: service('image: IMAGE\nvolumes: ["data:/x"]', 'volumes:\n  data: { name: PROJECT-gone, external: true }\n'),
    told: /^There is no volume "PROJECT-gone" on this node, and the file says/,
  },
  'a program that is not there': {
    content: service('image: IMAGE\ncommand: nothere'),
    told: started('its image has no program "nothere"'),
  },
  'a user that is not there': { content: service('image: IMAGE\nuser: nobodyhere'), told: started('its image has no user "nobodyhere"') },
  'a device that is not there': {
    content: service('image: IMAGE\ndevices: ["/dev/nothere:/dev/x"]'),
    told: started('this node has no device /dev/nothere'),
  },
  'a folder that is not there': {
    content: service('image: IMAGE\nvolumes: [{ type: bind, source: ./nothere, target: /x }]'),
    told: started('./nothere is not there on this node'),
  },
  'a folder in the place of a file': {
    content: service('image: IMAGE\nvolumes: ["./conf:/etc/passwd"]'),
    told: started('one of ./conf and /etc/passwd is a folder and the other a file'),
  },
  'a GPU that is not there': {
    content: service(
      'image: IMAGE\ndeploy: { resources: { reservations: { devices: [{ driver: nothere, count: 1, capabilities: [gpu] }] } } }',
    ),
    told: started('Docker on this node has no driver "nothere" for devices such as GPUs'),
  },
  'a logging driver that is not there': {
    content: service('image: IMAGE\nlogging: { driver: nothere }'),
    told: started('Docker on this node has no logging driver "nothere"'),
  },
  'too little memory': { content: service('image: IMAGE\nmem_limit: 1m'), told: started('Minimum memory limit allowed is \\d+MB') },
  'a capability that does not exist': {
    content: service('image: IMAGE\ncap_add: [NOPE]'),
    told: started('there is no capability CAP_NOPE'),
  },
  'a dependency that becomes unhealthy': {
    content: service(
      'image: IMAGE\ninit: true\nhealthcheck: { test: ["CMD", "false"], interval: 1s, retries: 1 }',
      '  app:\n    image: IMAGE\n    depends_on: { web: { condition: service_healthy } }\n',
    ),
    told: /^The service "(app" was not started: a service that it depends on is unhealthy|web" is unhealthy, so what depends on it was not started)$/,
  },
  'a dependency that fails': {
    content: service(
      'image: IMAGE\ncommand: "false"',
      '  app:\n    image: IMAGE\n    depends_on: { web: { condition: service_completed_successfully } }\n',
    ),
    told: /^The service "(app" was not started: a service that it depends on exited with code 1|web" ended with exit code 1, so what depends.*)$/,
  },
  'a dependency without a health check': {
    content: service('image: IMAGE\ninit: true', '  app:\n    image: IMAGE\n    depends_on: { web: { condition: service_healthy } }\n'),
    told: /^The service "web" has no health check, and what depends on it waits for one$/,
  },
  'a Dockerfile that is not there': {
    content: service('build: .'),
    told: /^The image of the service "web" could not be built: there is no Dockerfile in its folder$/,
  },
  'a build that fails': {
    content: service('build: .'),
    dockerfile: 'FROM IMAGE\nRUN false\n',
    told: /^The image of the service "web" could not be built: "false" ended with exit code 1$/,
  },
  'a build from what is not there': {
    content: service('build: .'),
    dockerfile: 'FROM HOST/none:1\n',
    told: /^The image of the service "web" could not be built: the registry has no image HOST\/none:1$/,
  },
  'a build that copies what is not there': {
    content: service('build: .'),
    dockerfile: 'FROM IMAGE\nCOPY nothere /x\n',
    told: /^The image of the service "web" could not be built: nothere is not in the folder that is built from$/,
  },
  'a Dockerfile with a fault': {
    content: service('build: .'),
    dockerfile: 'FROMM x\n',
    told: /^The image of the service "web" could not be built: dockerfile parse error line 1: unknown instruction: FROMM$/,
  },
}

const inTurn = pLimit(2)

for (const [what, { content, told, command = 'up', dockerfile }] of Object.entries(failing)) {
  testEachVersion(`said of ${what}`, (t, { env }) =>
    inTurn(async () => {
      await ensureTestImage()
      const host = /HOST/.test(content + dockerfile) ? await startRegistry(t) : ''
      if (content.includes('/foreign')) await pushForeignImage(host, 'foreign', '1')
      const project = await uniqueProject(t)
      const filled = (text: string): string =>
        text.replaceAll('HOST', host).replaceAll('IMAGE', testImage).replaceAll('PROJECT', project.name)
      await project.writeCompose(filled(content))
      if (dockerfile) await writeFile(join(project.directory, 'Dockerfile'), filled(dockerfile))
      const cli = createComposeCli({ log: pino({ level: 'silent' }), env })
      const error = await t.throwsAsync(cli.run(project, command, { onLine: () => {}, signal: AbortSignal.timeout(60_000) }))
      t.regex(
        errorMessage(error)
          .replaceAll(host || '-', host ? 'HOST' : '-')
          .replaceAll(project.name, 'PROJECT'),
        told,
      )
    }),
  )
}

testEachVersion('said of a name that another container has', async (t, { env }) => {
  const name = uniqueName()
  await createContainer(t, { name })
  const project = await uniqueProject(t)
  await project.writeCompose(service(`image: ${testImage}\ncontainer_name: ${name}`))
  const cli = createComposeCli({ log: pino({ level: 'silent' }), env })
  const error = await t.throwsAsync(cli.run(project, 'up', { onLine: () => {}, signal: AbortSignal.timeout(60_000) }))
  t.regex(errorMessage(error), new RegExp(`container name "${name}" is already taken by another container$`))
})

test('what no machine of ours says: a full disk, registries that refuse, words of later versions', (t) => {
  const said = (...stderr: string[]): string | null =>
    failureReason({
      ...{ stdout: [], stderr, project: 'shop', images: new Map([['web', 'example/web:1']]) },
      context: { label: 'docker compose 2.40.0', isV1: false },
    })
  const pulled = 'The image example/web:1 of the service "web" could not be pulled: '
  t.is(
    said(' web Pulling', " web Error pull access denied for example/web, repository does not exist or may require 'docker login': denied"),
    `${pulled}the registry has no such image, or gives it only to who is signed in ("docker login" on this node)`,
  )
  t.is(
    said(' web Error toomanyrequests: You have reached your pull rate limit'),
    `${pulled}the registry refuses more pulls for now; try again later, or sign in to it on this node`,
  )
  t.is(
    said(' web Error Get "https://example.org/v2/": dial tcp: lookup example.org on 10.0.0.1:53: no such host'),
    `${pulled}the registry example.org cannot be found (no such host)`,
  )
  t.is(
    said('failed to register layer: Error processing tar file(exit status 1): write /a: no space left on device'),
    'The disk of this node is full',
  )
  t.is(
    said(' Container shop-web-1  Starting', 'Error response from daemon: write /var/lib/docker/x: no space left on device'),
    'The service "web" could not be started: the disk of this node is full',
  )
  t.is(
    said('1 error occurred:', '\t* Error response from daemon: network proxy not found'),
    said('Error response from daemon: network proxy not found'),
  )
  t.regex(said('network proxy declared as external, but could not be found') ?? '', /^There is no network "proxy" on this node/)
  t.is(said(' Container shop-web-1  Creating'), null)
  t.is(
    said("validating /x/compose.yaml: services.web additional properties 'prots' not allowed"),
    '"prots" is not an option of a service; did you mean "ports"?',
  )
})
