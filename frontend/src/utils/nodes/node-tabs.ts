/** The sections of a node's page. Each has an address of its own. */
export const nodeTabs = {
  overview: { label: 'Overview', icon: 'i-lucide-layout-dashboard' },
  containers: { label: 'Containers', icon: 'i-lucide-container', needs: 'engine-things' },
  images: { label: 'Images', icon: 'i-lucide-layers', needs: 'engine-things' },
  volumes: { label: 'Volumes', icon: 'i-lucide-hard-drive', needs: 'engine-things' },
  networks: { label: 'Networks', icon: 'i-lucide-network', needs: 'engine-things' },
  activity: { label: 'Activity', icon: 'i-lucide-activity', needs: 'timeline' },
} as const satisfies Record<string, { label: string; icon: string; /** Capability of the node. */ needs?: string }>

export type NodeTab = keyof typeof nodeTabs

const nodeTabNames = Object.keys(nodeTabs) as NodeTab[]

const isNodeTab = (word: string): word is NodeTab => word in nodeTabs

export const pathOfNodeTab = (nodeId: string, tab: NodeTab): string => (tab === 'overview' ? `/nodes/${nodeId}` : `/nodes/${nodeId}/${tab}`)

/** The sections that a node can fill. */
export const nodeTabsWith = (capabilities: string[]): NodeTab[] =>
  nodeTabNames.filter((tab) => {
    const each = nodeTabs[tab]
    return !('needs' in each) || capabilities.includes(each.needs)
  })

/** An address without a section that this node has means the first. */
export const nodeTabOf = (word: string | undefined, capabilities: string[]): NodeTab =>
  word !== undefined && isNodeTab(word) && nodeTabsWith(capabilities).includes(word) ? word : 'overview'
