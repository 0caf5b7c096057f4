import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import pLimit from 'p-limit'
import type { ComposeCommand } from '../../api/docker/engine.types.ts'
import { failureReason } from '../../api/docker/compose-failure-words.ts'
import { errorMessage } from '../../api/errors.ts'
import { composeOf, testEachVersion } from '../helpers/compose-versions.ts'
import { createContainer, ensureTestImage, testImage, uniqueName, uniqueProject } from '../helpers/docker.ts'
import { pushForeignImage, startRegistry } from '../helpers/docker-registry.ts'

/** `HOST` is a registry, `IMAGE` the test image, `PROJECT` the project's name. */
const service = (lines: string, rest = ''): string => `services:\n  web:\n${lines.replaceAll(/^/gm, '    ')}\n${rest}`
const started = (why: string): RegExp => new RegExp(`^Could not start service "web": ${why}$`)

interface Failing {
  content: string
  told: RegExp
  command?: ComposeCommand
  dockerfile?: string
}

const failing: Record<string, Failing> = {
  'a tag that the registry does not have': {
    content: service('image: HOST/web:none'),
    told: /^Could not pull image HOST\/web:none for service "web": the registry has no image with this name and tag$/,
  },
  'the same tag on pull': {
    content: service('image: HOST/web:none'),
    command: 'pull',
    told: /^Could not pull image HOST\/web:none for service "web": the registry has no image with this name and tag$/,
  },
  'an image for another platform': {
    content: service('image: HOST/foreign:1'),
    told: /^Could not pull image HOST\/foreign:1 for service "web": it is not available for this machine's platform \(linux\/\w+\)$/,
  },
  'an invalid image name': {
    content: service('image: "Upper/Case"'),
    told: /^Could not pull image Upper\/Case for service "web": this is not a valid image name \(.*lowercase\)$/,
  },
  'a missing external network': {
    content: service('image: IMAGE\nnetworks: [p]', 'networks:\n  p: { name: PROJECT-gone, external: true }\n'),
    told: /^This node has no network "PROJECT-gone", which the file marks as "external"\. Create it on the node: docker network create/,
  },
  'a missing external volume': {
    content: service('image: IMAGE\nvolumes: ["data:/x"]', 'volumes:\n  data: { name: PROJECT-gone, external: true }\n'),
    told: /^This node has no volume "PROJECT-gone", which the file marks as "external"/,
  },
  'a missing program': {
    content: service('image: IMAGE\ncommand: nothere'),
    told: started('the image has no program "nothere"'),
  },
  'a missing user': { content: service('image: IMAGE\nuser: nobodyhere'), told: started('the image has no user "nobodyhere"') },
  'a missing device': {
    content: service('image: IMAGE\ndevices: ["/dev/nothere:/dev/x"]'),
    told: started('this node has no device /dev/nothere'),
  },
  'a missing folder': {
    content: service('image: IMAGE\nvolumes: [{ type: bind, source: ./nothere, target: /x }]'),
    told: started('./nothere does not exist on this node'),
  },
  'a folder mounted over a file': {
    content: service('image: IMAGE\nvolumes: ["./conf:/etc/passwd"]'),
    told: started('one of ./conf and /etc/passwd is a folder and the other is a file'),
  },
  'a missing GPU driver': {
    content: service(
      'image: IMAGE\ndeploy: { resources: { reservations: { devices: [{ driver: nothere, count: 1, capabilities: [gpu] }] } } }',
    ),
    told: started('Docker on this node has no device driver "nothere" \\(GPUs need one\\)'),
  },
  'a missing logging driver': {
    content: service('image: IMAGE\nlogging: { driver: nothere }'),
    told: started('Docker on this node has no logging driver "nothere"'),
  },
  'too little memory': { content: service('image: IMAGE\nmem_limit: 1m'), told: started('Minimum memory limit allowed is \\d+MB') },
  'an unknown capability': {
    content: service('image: IMAGE\ncap_add: [NOPE]'),
    told: started('the capability CAP_NOPE does not exist'),
  },
  'a dependency that becomes unhealthy': {
    content: service(
      'image: IMAGE\ninit: true\nhealthcheck: { test: ["CMD", "false"], interval: 1s, retries: 1 }',
      '  app:\n    image: IMAGE\n    depends_on: { web: { condition: service_healthy } }\n',
    ),
    told: /^Service "(app" was not started: a service it depends on is unhealthy|web" is unhealthy, so the services that depend on it were not started)$/,
  },
  'a dependency that fails': {
    content: service(
      'image: IMAGE\ncommand: "false"',
      '  app:\n    image: IMAGE\n    depends_on: { web: { condition: service_completed_successfully } }\n',
    ),
    told: /^Service "(app" was not started: a service it depends on exited with code 1|web" ended with exit code 1, so the services that depend.*)$/,
  },
  'a dependency without a health check': {
    content: service('image: IMAGE\ninit: true', '  app:\n    image: IMAGE\n    depends_on: { web: { condition: service_healthy } }\n'),
    told: /^Service "web" has no health check, but another service waits for it to be healthy$/,
  },
  'a missing Dockerfile': {
    content: service('build: .'),
    told: /^Could not build the image for service "web": there is no Dockerfile in the build context$/,
  },
  'a build that fails': {
    content: service('build: .'),
    // The label, because Compose 1 leaves the container of the step that failed.
    dockerfile: 'FROM IMAGE\nLABEL com.docker.compose.project=PROJECT\nRUN false\n',
    told: /^Could not build the image for service "web": "false" ended with exit code 1$/,
  },
  'a build from a missing image': {
    content: service('build: .'),
    dockerfile: 'FROM HOST/none:1\n',
    told: /^Could not build the image for service "web": the registry has no image HOST\/none:1$/,
  },
  'a build that copies a missing file': {
    content: service('build: .'),
    dockerfile: 'FROM IMAGE\nCOPY nothere /x\n',
    told: /^Could not build the image for service "web": there is no nothere in the build context$/,
  },
  'a faulty Dockerfile': {
    content: service('build: .'),
    dockerfile: 'FROMM x\n',
    told: /^Could not build the image for service "web": dockerfile parse error line 1: unknown instruction: FROMM$/,
  },
}

const inTurn = pLimit(2)

for (const [what, { content, told, command = 'up', dockerfile }] of Object.entries(failing)) {
  testEachVersion(`explains ${what}`, (t, version) =>
    inTurn(async () => {
      await ensureTestImage()
      const host = /HOST/.test(content + dockerfile) ? await startRegistry(t) : ''
      if (content.includes('/foreign')) await pushForeignImage(host, 'foreign', '1')
      const project = await uniqueProject(t)
      const filled = (text: string): string =>
        text.replaceAll('HOST', host).replaceAll('IMAGE', testImage).replaceAll('PROJECT', project.name)
      await project.writeCompose(filled(content))
      if (dockerfile) await writeFile(join(project.directory, 'Dockerfile'), filled(dockerfile))
      const cli = composeOf(version)
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

testEachVersion('explains a container name that is already in use', async (t, version) => {
  const name = uniqueName()
  await createContainer(t, { name })
  const project = await uniqueProject(t)
  await project.writeCompose(service(`image: ${testImage}\ncontainer_name: ${name}`))
  const cli = composeOf(version)
  const error = await t.throwsAsync(cli.run(project, 'up', { onLine: () => {}, signal: AbortSignal.timeout(60_000) }))
  t.regex(errorMessage(error), new RegExp(`container name "${name}" is already in use by another container$`))
})

test('explains what test machines do not produce: a full disk, registries that refuse, messages of later versions', (t) => {
  const said = (...stderr: string[]): string | null =>
    failureReason({
      ...{ stdout: [], stderr, project: 'shop', images: new Map([['web', 'example/web:1']]) },
      context: { label: 'docker compose 2.40.0', isV1: false },
    })
  const pulled = 'Could not pull image example/web:1 for service "web": '
  t.is(
    said(' web Pulling', " web Error pull access denied for example/web, repository does not exist or may require 'docker login': denied"),
    `${pulled}the image does not exist, or the registry requires a sign-in (add its login in Settings, or run "docker login" on this node)`,
  )
  t.is(
    said(' web Error toomanyrequests: You have reached your pull rate limit'),
    `${pulled}the registry's rate limit was reached. Try again later, or sign in to the registry on this node`,
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
    'Could not start service "web": the disk of this node is full',
  )
  t.is(
    said('1 error occurred:', '\t* Error response from daemon: network proxy not found'),
    said('Error response from daemon: network proxy not found'),
  )
  t.regex(said('network proxy declared as external, but could not be found') ?? '', /^This node has no network "proxy"/)
  t.is(said(' Container shop-web-1  Creating'), null)
  t.is(
    said("validating /x/compose.yaml: services.web additional properties 'prots' not allowed"),
    '"prots" is not a valid service option. Did you mean "ports"?',
  )
})
