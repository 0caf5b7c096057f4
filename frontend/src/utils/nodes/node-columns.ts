/** The columns of the list of nodes that people can choose, in their order. */
export const nodeColumns = [
  { id: 'usage', label: 'Usage' },
  { id: 'version', label: 'Version' },
  { id: 'changed', label: 'Status changed' },
  { id: 'seen', label: 'Last seen' },
  { id: 'failures', label: 'Failures' },
  { id: 'check', label: 'Next check' },
] as const

export const usualNodeColumns = ['usage', 'version', 'changed', 'seen', 'failures', 'check']
