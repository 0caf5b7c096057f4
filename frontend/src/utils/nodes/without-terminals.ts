/** Ids of the nodes on which terminals are switched off (`TERMINALS=off`). */
export const withoutTerminals = (nodes: readonly { id: string; capabilities: readonly string[] }[]): Set<string> =>
  new Set(nodes.filter(({ capabilities }) => capabilities.includes('terminals-off')).map(({ id }) => id))
