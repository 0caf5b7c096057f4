/** Whether the names differ by one extra, missing or wrong letter, or by two swapped ones. */
export function isNear(name: string, other: string): boolean {
  let start = 0
  while (start < name.length && name[start] === other[start]) start++
  let end = 0
  while (end < Math.min(name.length, other.length) - start && name.at(-1 - end) === other.at(-1 - end)) end++
  const [a, b] = [name, other].map((text) => text.slice(start, text.length - end)) as [string, string]
  return (a.length <= 1 && b.length <= 1) || (a.length === 2 && a[0] === b[1] && a[1] === b[0])
}
