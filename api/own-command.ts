/** In a checkout. Elsewhere the image or docker/install.sh sets SELFHOSTLY_COMMAND to the name of the program. */
const checkout = 'npm'

/** What runs this program's commands on this machine: `npm` in a checkout, else a program such as `selfhostly`. */
export const ownProgram = (): string => process.env['SELFHOSTLY_COMMAND'] || checkout

/**
 * How people run one of this program's commands on this machine: `npm run link` in a checkout, `selfhostly link` elsewhere.
 *
 * @param args what follows the command, such as `APP ARGS`
 */
export const ownCommand = (name: string, args = ''): string => commandOf(ownProgram(), name, args)

/** The same on a machine that says what runs its commands there. */
export function commandOf(program: string, name: string, args = ''): string {
  const words = program === checkout ? [checkout, 'run', name, args && '--', args] : [program, name, args]
  return words.filter(Boolean).join(' ')
}

/** How people start the server on this machine, as a sentence without its full stop. */
export const ownStart = (): string =>
  ownProgram() === checkout
    ? 'Start it: npm start'
    : `Start it: docker start ${ownProgram()}, or with systemd: systemctl start ${ownProgram()}`
