/** The columns of the list of apps that people can choose, in their order. */
export const appColumns = [
  { id: 'node', label: 'Node' },
  { id: 'containers', label: 'Containers' },
  { id: 'images', label: 'Images' },
  { id: 'ports', label: 'Ports' },
  { id: 'version', label: 'Version' },
  { id: 'updated', label: 'Updated' },
] as const

export const usualAppColumns = ['node', 'containers', 'ports', 'updated']
