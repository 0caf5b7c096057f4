import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { isDebian12 } from './compose-versions.mjs'
import { run } from './processes.mjs'

const onPath = (...names) => {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin']
  return names.some((name) => folders.some((folder) => existsSync(join(folder, name))))
}

const composePluginFolders = [
  '/usr/libexec/docker',
  '/usr/lib/docker',
  '/usr/local/lib/docker',
  '/usr/local/libexec/docker',
  join(homedir(), '.docker'),
]
const hasCompose = () =>
  onPath('docker-compose') || composePluginFolders.some((folder) => existsSync(join(folder, 'cli-plugins', 'docker-compose')))

/** A dynamically linked program names its loader near its start. It cannot run alone in an image. */
const isStatic = (path) => existsSync(path) && !readFileSync(path).subarray(0, 4096).includes('/ld-')

/** Without the rights to use them, as in a container, proxies stand in. */
const networkPrograms = [
  { package: 'iproute2', why: "ip, which makes networks separate from the machine's own", there: () => onPath('ip') },
  { package: 'iptables', why: 'packet filters, which break these networks', there: () => onPath('iptables') },
]

/** Nothing of it has to run. */
const systemd = {
  package: 'systemd',
  why: 'systemd-analyze, which checks the unit that the install script writes',
  there: () => onPath('systemd-analyze'),
}

/**
 * What the tests need on the machine. Each is found by what it provides, so any way of installing it works.
 * `engineAnswers`: an Engine elsewhere (DOCKER_HOST) works as well as one that can be started here.
 */
const requirements = (engineAnswers) => [
  { package: 'docker.io', why: 'a Docker Engine to run apps on', there: () => engineAnswers || onPath('dockerd') },
  {
    package: 'docker-compose',
    why: 'docker-compose or the plugin "docker compose", which deploys apps',
    // On Debian 12 the package is Compose 1.29, which the tests need even if the plugin is installed.
    there: () => (isDebian12() ? onPath('docker-compose') : hasCompose()),
  },
  {
    package: 'busybox-static',
    why: 'the program in the test images, because there may be no registry to pull from',
    there: () => ['/bin/busybox', '/usr/bin/busybox'].some(isStatic),
  },
  {
    package: 'chromium',
    why: 'the browser that tests the dashboard',
    there: () => onPath('chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'),
  },
  { package: 'docker-registry', why: 'a registry on this machine to pull images from', there: () => onPath('docker-registry') },
  { package: 'openssl', why: 'makes certificates for tests with TLS', there: () => onPath('openssl') },
  { package: 'nginx-light', why: 'nginx, a proxy that people put in front of a node', there: () => onPath('nginx') },
  { package: 'caddy', why: 'another such proxy', there: () => onPath('caddy') },
  { package: 'curl', why: 'runs the documented examples', there: () => onPath('curl') },
  { package: 'jq', why: 'reads and writes JSON in these examples', there: () => onPath('jq') },
  { package: 'shellcheck', why: 'reads the install script for mistakes', there: () => onPath('shellcheck') },
  ...(process.platform === 'linux' ? [...networkPrograms, systemd] : []),
]

/** Installs what is missing if it can. @returns {Promise<string | undefined>} what a person has to do first */
export async function ensureSystemPackages(engineAnswers) {
  const missing = () => requirements(engineAnswers).filter((requirement) => !requirement.there())
  const before = missing()
  if (before.length === 0) return undefined
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return describe(before)
  console.log(`Installing ${before.map((requirement) => requirement.package).join(', ')} with apt-get`)
  const output = await aptInstall(before.map((requirement) => requirement.package))
  const after = missing()
  return after.length === 0 ? undefined : `${describe(after)}\n${output}`
}

async function aptInstall(packages) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const update = await run('apt-get', ['update', '-qq'], { env })
  const install = (names) => run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...names], { env, timeoutMs: 1_200_000 })
  const [servers, others] = [packages.filter(isServer), packages.filter((name) => !isServer(name))]
  const outputs = [update.output]
  if (others.length > 0) outputs.push((await install(others)).output)
  if (servers.length > 0) outputs.push((await withoutServices(() => install(servers))).output)
  return outputs.join('')
}

/** Debian starts these when they are installed, on all addresses. The tests start their own, on loopback. */
const isServer = (name) => ['nginx-light', 'caddy', 'docker-registry'].includes(name)

const servicePolicy = '/usr/sbin/policy-rc.d'

/** Debian runs this file before it starts a package's service; exit code 101 forbids that. An existing file is left as it is. */
async function withoutServices(work) {
  const ours = !existsSync(servicePolicy)
  if (ours) writeFileSync(servicePolicy, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    return await work()
  } finally {
    if (ours) rmSync(servicePolicy)
  }
}

const describe = (missing) =>
  [
    'The tests need programs that are not installed:',
    ...missing.map((requirement) => `  ${requirement.package}: ${requirement.why}`),
    `On Debian or Ubuntu: sudo apt-get install ${missing.map((requirement) => requirement.package).join(' ')}`,
    'Elsewhere, install the same programs with your package manager and make sure they are on PATH.',
  ].join('\n')
