/** The sections of an app's page. Each has an address of its own. */
export const appTabs = {
  overview: { label: 'Overview', icon: 'i-lucide-layout-dashboard' },
  files: { label: 'Files', icon: 'i-lucide-files' },
  activity: { label: 'Activity', icon: 'i-lucide-activity' },
} as const satisfies Record<string, { label: string; icon: string }>

export type AppTab = keyof typeof appTabs

const isAppTab = (word: string): word is AppTab => word in appTabs

/** An address without a known section means the first. */
export const tabOf = (word: string | undefined): AppTab => (word !== undefined && isAppTab(word) ? word : 'overview')

export const pathOfTab = (appId: string, tab: AppTab): string => (tab === 'overview' ? `/apps/${appId}` : `/apps/${appId}/${tab}`)
