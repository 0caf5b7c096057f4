import type { Clock } from '../../clock.ts'

const lookEveryMs = 1000
/** A look that comes this late means the program was suspended, not merely busy. */
const sleptMs = 4000

/**
 * Notices that this program was suspended (the machine slept, or the process was stopped or blocked), or that the machine's
 * addresses changed. Either way, open connections are probably dead although no error says so.
 */
export function createWakeWatch(deps: {
  /** The machine's addresses as one string, to compare. */
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

/** Bridges and virtual interfaces come and go with containers and do not lead to other machines. */
const ofContainers = /^(docker|br-|veth|virbr|cni|flannel|cali)/

/** @param interfaces as returned by `os.networkInterfaces()` */
export const ownAddresses = (interfaces: Partial<Record<string, Address[]>>): string =>
  Object.entries(interfaces)
    .filter(([name]) => !ofContainers.test(name))
    .flatMap(([, found]) => found ?? [])
    .filter(({ address, internal }) => !internal && !address.startsWith('fe80:'))
    .map(({ address }) => address)
    .sort()
    .join(' ')
