/** The sections of an app's page. Each has an address of its own. */
export const appTabs = {
  overview: { label: 'Overview', icon: 'i-lucide-layout-dashboard' },
  logs: { label: 'Logs', icon: 'i-lucide-scroll-text', needs: 'logs' },
  files: { label: 'Files', icon: 'i-lucide-files' },
  environment: { label: 'Environment', icon: 'i-lucide-braces', needs: 'app-history' },
  versions: { label: 'Versions', icon: 'i-lucide-history', needs: 'app-history' },
  activity: { label: 'Activity', icon: 'i-lucide-activity' },
  schedules: { label: 'Schedules', icon: 'i-lucide-calendar-clock', needs: 'app-schedules' },
  settings: { label: 'Settings', icon: 'i-lucide-settings-2' },
} as const satisfies Record<string, { label: string; icon: string; /** Capability of the node. */ needs?: string }>

export type AppTab = keyof typeof appTabs

const appTabNames = Object.keys(appTabs) as AppTab[]

const isAppTab = (word: string): word is AppTab => word in appTabs

/** An address without a known section means the first. */
export const tabOf = (word: string | undefined): AppTab => (word !== undefined && isAppTab(word) ? word : 'overview')

export const pathOfTab = (appId: string, tab: AppTab): string => (tab === 'overview' ? `/apps/${appId}` : `/apps/${appId}/${tab}`)

/** The sections that a node can fill. */
export const tabsWith = (capabilities: string[]): AppTab[] =>
  appTabNames.filter((tab) => {
    const each = appTabs[tab]
    return !('needs' in each) || capabilities.includes(each.needs)
  })
