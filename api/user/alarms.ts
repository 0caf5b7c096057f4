import type { Alarm } from '../cluster/alarms/alarm.ts'
import type { AllAlarms } from '../cluster/alarms/alarms.ts'
import type { Access } from './access.ts'

/** More are of no use to a person, and each change sends all of them. */
const mostAlarms = 500

/** The open alarms for the cluster and for the nodes that a caller sees. */
export function createUserAlarms({ access, alarms }: { access: Access; alarms: Pick<AllAlarms, 'list'> }) {
  const { caller, sight } = access
  const list = (): Alarm[] =>
    alarms
      .list({ counts: caller.nodeLimit === null })
      .filter(({ nodeId }) => nodeId === null || sight.sees(nodeId))
      .slice(0, mostAlarms)

  return {
    list,
    /** All open alarms, then all of them again whenever they change. */
    watch() {
      let told = ''
      const tell = (found: Alarm[]): Alarm[] => {
        told = wordsOf(found)
        return found
      }
      return access.watch('alarms', {
        now: () => [tell(list())],
        // Alarms of nodes that the caller cannot see cause no update.
        seen() {
          const found = list()
          return wordsOf(found) === told ? undefined : tell(found)
        },
        keyOf: () => 'alarms',
      })
    },
  }
}

const wordsOf = (alarms: Alarm[]): string => JSON.stringify(alarms.map(({ id, message }) => [id, message]))
