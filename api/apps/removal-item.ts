export const removalItemKinds = ['container', 'network', 'volume', 'folder', 'file'] as const
export type RemovalItemKind = (typeof removalItemKinds)[number]

/** When something goes: whenever the app does, when its volumes or its files are to go too, or never. */
export const removalRules = ['always', 'with_volumes', 'with_files', 'never'] as const
export type RemovalRule = (typeof removalRules)[number]

export interface RemovalItem {
  kind: RemovalItemKind
  /** Name, or path: of files in the folder of the app, of what is elsewhere on the node. */
  name: string
  /** What it is to the app, such as its service. */
  detail: string | null
  /** Null where counting would take longer than a person waits. */
  sizeBytes: number | null
  goes: RemovalRule
  /** Why it stays, or what stands in the way now. */
  obstacle: string | null
}

export interface RemovalPreview {
  items: RemovalItem[]
  /** How many more there are. */
  omitted: number
}
