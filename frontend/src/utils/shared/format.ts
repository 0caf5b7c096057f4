const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

/** Such as `512 MiB` or `1.4 GiB`. */
export function bytes(count: number): string {
  const power = count < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(count) / 10))
  const value = count / 1024 ** power
  return `${value.toFixed(power > 0 && value < 10 ? 1 : 0)} ${units[power]}`
}

export const percent = (value: number): string => `${value.toFixed(value < 10 ? 1 : 0)}%`

/** `part` of `total` as a percentage. 0 if `total` is 0. */
export const percentOf = (part: number, total: number): number => (total > 0 ? (part / total) * 100 : 0)

export const plural = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`

/** Sorts names naturally: `worker-2` before `worker-10`. */
export const byName = new Intl.Collator(undefined, { numeric: true }).compare
