import fc from 'fast-check'

const hardCharacters = [
  ...'\'"\\$#=:{}()[]%&;,`!~| \t\n\r',
  'a',
  'B',
  '1',
  '\x01',
  'ö',
  '漢',
  '😀',
  '${A}',
  '$A',
  '$$',
  ' #',
  '\\n',
  '\x85',
  '\u2028',
]
/** Text that shells, YAML, Compose and `.env` files each read in their own way. */
export const hardValue = fc.array(fc.constantFrom(...hardCharacters), { maxLength: 20 }).map((parts) => parts.join(''))
