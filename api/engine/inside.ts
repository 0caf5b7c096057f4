import type { ContainerInspectInfo } from 'dockerode'
import { bounds, cut, cutOrNull, firstOf } from '../bounds.ts'
import type { EngineThings } from '../docker/engine-things.types.ts'
import { AppError, notFound } from '../errors.ts'
import { masked } from '../masked.ts'
import { limitOf } from './container-endings.ts'
import type { AppsHere } from './apps-here.ts'
import { shownLabels, tellsSecret } from './shown-labels.ts'
import type { ContainerDetails, ContainerProcesses, NodeContainer } from './thing.ts'

const { inside: most, thing } = bounds
/** Longer texts, such as an embedded script, are cut before the whole is. */
const longestText = 4000

type Hide = (text: string) => string

/** What is inside one container, asked of the Engine when someone looks. Values of variables and known secrets are masked. */
export function createInside(deps: {
  things: Pick<EngineThings, 'inspect' | 'top'>
  apps: Pick<AppsHere, 'maskOf'>
  find: (id: string) => NodeContainer | undefined
}) {
  async function look(id: string): Promise<{ info: ContainerInspectInfo; hide: Hide }> {
    const appId = deps.find(id)?.appId ?? null
    const info = await deps.things.inspect(id)
    if (!info) throw notFound('container', id)
    const own = secretsIn(info.Config.Env ?? [])
    const ofApp: Hide = appId === null ? (text) => text : deps.apps.maskOf(appId)
    return { info, hide: (text) => own.reduce((shown, secret) => shown.replaceAll(secret, masked), ofApp(text)) }
  }

  return {
    async details(id: string): Promise<ContainerDetails> {
      const { info, hide } = await look(id)
      return detailsOf(info, hide)
    },

    async processes(id: string): Promise<ContainerProcesses> {
      const { info, hide } = await look(id)
      if (!info.State.Running) throw new AppError('CONFLICT', 'A container that does not run has no processes')
      const { titles, rows } = await deps.things.top(info.Id)
      const { kept, more } = firstOf(rows, most.processes)
      const cells = (row: string[]): string[] => firstOf(row, most.columns).kept.map((cell) => cut(hide(cell), most.cell))
      return { titles: cells(titles), rows: kept.map(cells), more }
    },

    /** Everything that the Engine says of it, as JSON. */
    async inspection(id: string): Promise<{ json: string }> {
      const { info, hide } = await look(id)
      const { Env: env, Labels: labels, ...config } = info.Config
      const shown = { ...info, Config: { ...config, Env: (env ?? []).map(withoutValue), Labels: labelsOf(labels ?? {}, hide) } }
      const json = JSON.stringify(masking(shown, hide), null, 2)
      if (json.length <= most.inspectBytes) return { json }
      const small = { Id: info.Id, Name: info.Name, State: info.State, Note: 'Everything else is too large to show here' }
      return { json: cut(JSON.stringify(masking(small, hide), null, 2), most.inspectBytes) }
    },
  }
}

/** Values that their names call secret. Programs repeat them in arguments and in what health checks print. */
const secretsIn = (env: string[]): string[] =>
  env
    .filter((line) => tellsSecret(nameIn(line)))
    .flatMap((line) => line.slice(nameIn(line).length + 1) || [])
    .filter(({ length }) => length >= 4)

const nameIn = (line: string): string => line.split('=', 1)[0] ?? ''
const withoutValue = (line: string): string => `${nameIn(line)}=${masked}`

const labelsOf = (labels: Record<string, string>, hide: Hide): Record<string, string> =>
  Object.fromEntries(shownLabels(labels, hide, most.labels).map(({ name, value }) => [name, value]))

/** Hides secrets in every text of a value. */
function masking(value: unknown, hide: Hide): unknown {
  if (typeof value === 'string') return cut(hide(value), longestText)
  if (Array.isArray(value)) return value.map((each) => masking(each, hide))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [hide(key), masking(each, hide)]))
}

function detailsOf(info: ContainerInspectInfo, hide: Hide): ContainerDetails {
  const { Config: config, HostConfig: host, State: state } = info
  const short = (text: string, length: number = most.text): string => cut(hide(text), length)
  const restart = host.RestartPolicy?.Name
  const last = state.Health?.Log?.at(-1)
  return {
    command: cutOrNull(hide([info.Path, ...info.Args].join(' ')), most.text),
    mounts: firstOf(info.Mounts, most.mounts).kept.map(
      ({ Type: kind, Name: name, Source: source, Destination: target, RW: isWritable }) => ({
        ...{ kind: cut(kind ?? 'other', 50), source: short(name ?? source), target: short(target), isReadOnly: !isWritable },
      }),
    ),
    networks: firstOf(Object.entries(info.NetworkSettings.Networks), most.networks).kept.map(([name, network]) => ({
      name: cut(name, thing.name),
      address: network.IPAddress ? cut(network.IPAddress, most.address) : null,
      aliases: firstOf((network.Aliases as string[] | null | undefined) ?? [], most.aliases).kept.map((alias) => cut(alias, thing.name)),
    })),
    environment: firstOf((config.Env ?? []).map(nameIn).toSorted(), most.environment).kept.map((name) => short(name)),
    labels: shownLabels(config.Labels ?? {}, hide, most.labels),
    restartPolicy: restart && restart !== 'no' ? cut(restart, 100) : null,
    memoryLimitBytes: limitOf(host.Memory),
    health: state.Health
      ? {
          failingStreak: state.Health.FailingStreak,
          lastOutput: last ? short(last.Output.trim(), most.output) : null,
          lastExitCode: last?.ExitCode ?? null,
          lastAt: last ? new Date(last.End) : null,
        }
      : null,
  }
}
