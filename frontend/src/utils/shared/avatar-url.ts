export const avatarUrl = (name: string): string => `/avatar/${encodeURIComponent(name)}`
