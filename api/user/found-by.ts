/** Every word of a search must be found somewhere, in any order. The dashboard searches by the same rule. */
export function isFoundBy(search: string | null | undefined): (parts: () => Iterable<string | number | null | undefined>) => boolean {
  const words = (search ?? '').toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return () => true
  return (parts) => {
    const text = [...parts()].join('\n').toLowerCase()
    return words.every((word) => text.includes(word))
  }
}
