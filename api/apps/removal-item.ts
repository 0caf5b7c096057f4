export const removalItemKinds = ['container', 'network', 'image', 'volume', 'folder', 'file'] as const
export type RemovalItemKind = (typeof removalItemKinds)[number]

/** When an item is removed: always, when volumes or files are selected too, or never. */
export const removalRules = ['always', 'with_volumes', 'with_files', 'never'] as const
export type RemovalRule = (typeof removalRules)[number]

export interface RemovalItem {
  kind: RemovalItemKind
  /** Name, or path: within the app's folder for its files, on the node for anything else. */
  name: string
  /** More about the item, such as its service. */
  detail: string | null
  /** Null when measuring would take longer than a person waits. */
  sizeBytes: number | null
  goes: RemovalRule
  /** Why it stays, or what currently prevents its removal. */
  obstacle: string | null
}

export interface RemovalPreview {
  items: RemovalItem[]
  /** How many items are not listed. */
  omitted: number
}
