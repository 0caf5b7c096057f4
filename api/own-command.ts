/**
 * How people run one of this program's commands on this machine: `npm run link` in a checkout, `selfhostly link` where the image or
 * docker/install.sh put it, which set SELFHOSTLY_COMMAND.
 *
 * @param args what follows the command, such as `APP ARGS`
 */
export function ownCommand(name: string, args = ''): string {
  const program = process.env['SELFHOSTLY_COMMAND']
  if (program) return [program, name, args].filter(Boolean).join(' ')
  return `npm run ${name}${args ? ` -- ${args}` : ''}`
}
