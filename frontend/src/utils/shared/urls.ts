export function isHttpUrl(text: string): boolean {
  const url = URL.parse(text)
  return url !== null && (url.protocol === 'http:' || url.protocol === 'https:')
}

/** Whether the URL is a loopback address, which leads each machine to itself. */
export const isLoopbackUrl = (text: string): boolean => isLoopbackName(URL.parse(text)?.hostname ?? '')

/** Of a host name or an address, with or without brackets. */
export const isLoopbackName = (name: string): boolean => /^(localhost|.*\.localhost|127\.[\d.]+|\[?::1\]?)$/.test(name)
