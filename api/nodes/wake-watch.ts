import type { Clock } from '../clock.ts'

const lookEveryMs = 1000
/** A look that comes this late was held up by more than a busy processor. */
const sleptMs = 4000

/**
 * Notices that this program stood still, because its machine slept or it was stopped or held up, or that the addresses of the
 * machine are others now: what was open before is likely to be dead, although nothing says so.
 */
export function createWakeWatch(deps: {
  /** Those of the machine in one text, to be compared. */
  addresses: () => string
  onStoodStill: (ms: number) => void
  onMoved: () => void
  clock: Clock
}) {
  const { clock } = deps
  let cancel: () => void = () => undefined

  function look(before: number, known: string): void {
    const now = clock.now().getTime()
    const addresses = deps.addresses()
    const lateMs = now - before - lookEveryMs
    if (lateMs >= sleptMs) deps.onStoodStill(lateMs)
    else if (addresses !== known) deps.onMoved()
    cancel = clock.after(lookEveryMs, () => look(now, addresses))
  }

  return {
    start(): void {
      const now = clock.now().getTime()
      const addresses = deps.addresses()
      cancel = clock.after(lookEveryMs, () => look(now, addresses))
    },
    stop: (): void => cancel(),
  }
}

interface Address {
  address: string
  internal: boolean
}

/** Bridges and virtual cables come and go with containers; they lead nowhere. */
const ofContainers = /^(docker|br-|veth|virbr|cni|flannel|cali)/

/** @param interfaces as `os.networkInterfaces()` gives them */
export const ownAddresses = (interfaces: Partial<Record<string, Address[]>>): string =>
  Object.entries(interfaces)
    .filter(([name]) => !ofContainers.test(name))
    .flatMap(([, found]) => found ?? [])
    .filter(({ address, internal }) => !internal && !address.startsWith('fe80:'))
    .map(({ address }) => address)
    .sort()
    .join(' ')
