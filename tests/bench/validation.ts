import { checkText } from '../../api/apps/compose/text-check.ts'
import { quantile, type BenchContext, type Figure } from './bench.ts'

const sizes = [20, 200, 1000, 5000]

/** A check of a Compose file without asking Compose, by the number of its lines. */
export async function validation({ short }: BenchContext): Promise<Figure[]> {
  const rounds = short ? 20 : 100
  const figures: Figure[] = []
  for (const lines of sizes) {
    const content = fileOf(lines)
    // The first check compiles the schema.
    await checkText(content)
    const times: number[] = []
    for (let round = 0; round < rounds; round += 1) {
      const startedAt = performance.now()
      await checkText(content)
      times.push(performance.now() - startedAt)
    }
    const kib = Math.round(Buffer.byteLength(content) / 1024)
    figures.push({
      name: `${lines} lines, p95`,
      value: quantile(times, 0.95),
      unit: 'ms',
      note: `median ${quantile(times, 0.5).toFixed(1)} ms, ${kib} KiB`,
    })
  }
  return figures
}

/** Ten lines for each service, every tenth of which has a mistake. */
function fileOf(lines: number): string {
  const services = Array.from({ length: Math.round(lines / 10) }, (_, index) =>
    [
      `  web-${index}:`,
      `    image: registry.example.com/shop/web-${index}:1.2.3`,
      `    ${index % 10 === 9 ? 'restrat' : 'restart'}: unless-stopped`,
      `    environment: { TZ: UTC, PORT: "\${PORT:-8080}" }`,
      `    ports: ["127.0.0.1:${10_000 + index}:8080"]`,
      `    volumes: ["./data-${index}:/data"]`,
      `    healthcheck:`,
      `      test: ["CMD", "wget", "-q", "http://localhost:8080/health"]`,
      `      interval: 30s`,
      `    mem_limit: 512m`,
    ].join('\n'),
  )
  return `services:\n${services.join('\n')}\n`
}
