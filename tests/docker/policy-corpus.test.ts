import { cpSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import pLimit from 'p-limit'
import { authoredFindings, modelFindings } from '../../api/apps/compose/policy/policy-findings.ts'
import { composeOf, composeVersions } from '../helpers/compose-versions.ts'
import { dataFolder } from '../helpers/data-folder.ts'

const corpus = join(import.meta.dirname, 'corpus')
const names = readdirSync(corpus).filter((name) => name.endsWith('.yaml'))

/** Every file of the corpus that needs an allowance, and for what. All others run as they are. */
const needed: Record<string, string[]> = {
  '17-gpu.yaml': ['device:gpu video nvidia', 'security-opt:runtime=nvidia'],
  '18-gpus-short.yaml': ['device:gpu'],
  '19-volume-drivers.yaml': ['volume-driver:nfs :/films addr=10.0.0.9'],
  '21-networks.yaml': ['host-network:bridge br-back'],
  '23-network-modes.yaml': [
    ...['host-network', 'host-pid', 'host-ipc', 'capability:NET_ADMIN', 'device:/dev/net/tun'],
    'sysctl:net.ipv4.conf.all.src_valid_mark=1',
  ],
  '29-hardening.yaml': ['security-opt:seccomp=unconfined', 'privileged'],
  '30-runtime-options.yaml': ['device:/dev/ttyUSB0', 'device:/dev/dri:rw', 'device:rule c 188:* rmw', 'sysctl:net.core.somaxconn=1024'],
  '33-build.yaml': ['host-network:build'],
  '63-attach-annotations.yaml': ['host-uts', 'cgroup:host'],
}

test('of the corpus, only files that reach their host need an allowance', async (t) => {
  const newest = composeVersions.find(({ major }) => major >= 2)
  if (!newest) return t.fail('Compose 2 is missing')
  const compose = composeOf(newest)
  const inTurn = pLimit(2)
  const findings = (name: string) =>
    inTurn(async () => {
      const folder = dataFolder(t)
      cpSync(join(corpus, 'beside'), folder, { recursive: true })
      const content = readFileSync(join(corpus, name), 'utf8')
      writeFileSync(join(folder, 'compose.yaml'), content)
      const place = { folders: [folder], allowedPaths: [], content }
      const read = (path: string): Promise<string | null> => readFile(path, 'utf8').catch(() => null)
      const text = await authoredFindings({ read, variables: {} }, place)
      const { model } = await compose.resolve({ name: 'shop', directory: folder }, AbortSignal.timeout(60_000))
      const all = [...text, ...(await modelFindings(model, place))]
      return [...new Set(all.map(({ rule, detail }) => (detail === null ? rule : `${rule}:${detail}`)))].sort()
    })
  const found = await Promise.all(names.map(async (name) => [name, await findings(name)] as const))
  t.deepEqual(
    Object.fromEntries(found.filter(([, each]) => each.length > 0)),
    Object.fromEntries(Object.entries(needed).map(([name, each]) => [name, each.toSorted()])),
  )
})
