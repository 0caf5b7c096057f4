export function isHttpUrl(text: string): boolean {
  const url = URL.parse(text)
  return url !== null && (url.protocol === 'http:' || url.protocol === 'https:')
}

/** Whether the URL is a loopback address, which leads each machine to itself. */
export function isLoopbackUrl(text: string): boolean {
  const name = URL.parse(text)?.hostname ?? ''
  return /^(localhost|.*\.localhost|127\.[\d.]+|\[::1\])$/.test(name)
}
