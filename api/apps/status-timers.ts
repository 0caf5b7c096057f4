import type { Clock } from '../clock.ts'

/** Some statuses change only because time passes. Calls `onDue` for an app at its time. */
export function createStatusTimers({ clock, onDue }: { clock: Clock; onDue: (appId: string) => void }) {
  const timers = new Map<string, { at: number; cancel: () => void }>()

  function clear(appId: string): void {
    timers.get(appId)?.cancel()
    timers.delete(appId)
  }

  return {
    /** Replaces the app's earlier time. Null sets none. */
    set(appId: string, at: Date | null): void {
      if (at?.getTime() === timers.get(appId)?.at) return
      clear(appId)
      if (!at) return
      const cancel = clock.after(Math.max(0, at.getTime() - clock.now().getTime()), () => {
        timers.delete(appId)
        onDue(appId)
      })
      timers.set(appId, { at: at.getTime(), cancel })
    },
    stop: (): void => [...timers.keys()].forEach(clear),
  }
}
