/** What the Engines of all nodes hold. Each list has an address of its own. */
export const engineTabs = {
  containers: { label: 'Containers', icon: 'i-lucide-container' },
  images: { label: 'Images', icon: 'i-lucide-layers' },
  volumes: { label: 'Volumes', icon: 'i-lucide-hard-drive' },
  networks: { label: 'Networks', icon: 'i-lucide-network' },
} as const

export type EngineTab = keyof typeof engineTabs

const isEngineTab = (word: string): word is EngineTab => word in engineTabs

export const engineTabOf = (word: string | undefined): EngineTab => (word !== undefined && isEngineTab(word) ? word : 'containers')

export const engineTabList = (Object.keys(engineTabs) as EngineTab[]).map((name) => ({ name, ...engineTabs[name], to: `/engine/${name}` }))
