import { quoted, toPath, type Saying } from './compose-remark.ts'
import { isNewerOption } from './newer-options.ts'
import { newer, unknownOption } from './option-words.ts'

/** Turns Compose's names for types into everyday words. */
const kinds = (text: string): string =>
  text
    .replace(/^(an?|the) /, '')
    .replaceAll('an object', 'a mapping')
    .replaceAll('object', 'mapping')
    .replaceAll('an array', 'a list')
    .replaceAll('array', 'list')
    .replace(/, or an? /, ' or ')
    .replace(/(string|number), or a? ?null/, '$1 or null')
    .replaceAll('string', 'text')

const isWrong = (path: string[], wanted: string, value = ''): { message: string; path: string[] } => ({
  message: `${quoted(path)} must be ${/^(text|one of|null)/.test(kinds(wanted)) ? '' : 'a '}${kinds(wanted)}${value && `, not ${value}`}`,
  path,
})

/** Keys that are not allowed where they are. */
export const optionSayings: Saying[] = [
  [
    /^Unsupported config option for (\S+): '([^']+)'/,
    ([place = '', option = ''], context) => unknownOption([...toPath(place), option], context),
  ],
  [
    /^(\S+) contains unsupported option: '([^']+)'/,
    ([place = '', option = ''], context) => unknownOption([...toPath(place), option], context),
  ],
  [
    /^(?:(\S+) value )?'([^']+)' does not match any of the regexes/,
    ([place = '', option = ''], c) => unknownOption([...toPath(place), option], c),
  ],
  [
    /^(\S+) Additional property (.+) is not allowed/i,
    ([place = '', option = ''], context) => unknownOption([...toPath(place), option], context),
  ],
  [/^(\S+) additional properties '([^']+)'.* not allowed/i, ([place = '', option = ''], c) => unknownOption([...toPath(place), option], c)],
  [/^Invalid service name '(.+)' - only/, ([name = ''], context) => unknownOption(['services', name], context)],
  [
    /could not determine a constructor for the tag '(!reset|!override)'/,
    ([tag = ''], context) => ({ message: newer(`"${tag}"`, context), value: tag }),
  ],
  [/services '(include)' must be a mapping/, ([key = ''], context) => ({ message: newer(`"${key}"`, context), path: [key] })],
]

/** Values of the wrong type. */
export const typeSayings: Saying[] = [
  [
    /^(services\S*\.ports) contains an invalid type/,
    ([place = '']) => {
      const path = toPath(place)
      return { message: `${quoted(path)} must be a list of ports, such as "8080:80"`, path }
    },
  ],
  [/^(\S+) contains an invalid type, it should be (.+)/, ([place = '', wanted = '']) => isWrong(toPath(place), wanted)],
  [
    /^(\S+) contains (.+), which is an invalid type, it should be (.+)/,
    ([place = '', value = '', wanted = ''], context) => {
      const path = toPath(place)
      const key = /^\{"(\w+)"/.exec(value)?.[1]
      if (key && isNewerOption([...path, key])) return { message: newer(`the long form of ${quoted(path.slice(-1))}`, context), path }
      return isWrong(path, /^an? \w+_/.test(wanted) ? `one of ${wanted.slice(2)}` : wanted, value)
    },
  ],
  [/^(?:(\S+) )?(\S+) must be one of the following: (.+)/, ([, place = '', wanted = '']) => isWrong(toPath(place), `one of ${wanted}`)],
  [
    /^(\S+) value (.+) is not one of \[(.+)\]/,
    ([place = '', value = '', wanted = '']) => isWrong(toPath(place), `one of ${wanted}`, value),
  ],
  [/^In file '[^']+', (\S+) '(.+)' must be a mapping not an? (\S+?)\.?$/, ([place = '', key = '']) => isWrong([place, key], 'mapping')],
  [/^In file '[^']+', (\S+) must be a mapping, not an? (\S+?)\.?$/, ([place = '']) => isWrong([place], 'mapping')],
  [/^(\S+) must be (an? .+|one of .+)/, ([place = '', wanted = '']) => isWrong(toPath(place), wanted)],
  [/^(\S+) must be a (\S+)$/, ([place = '', wanted = '']) => isWrong(toPath(place), wanted)],
  [
    /^(\S+?)\.?\[(\d+)\]: unexpected type/,
    ([place = '', at = '']) => {
      const path = toPath(place)
      return { message: `entry ${Number(at) + 1} of ${quoted(path)} must be text. Put it in quotes`, path }
    },
  ],
  [
    /^(\S+) '?(\w+)'? is (?:a )?required(?: property)?$/,
    ([place = '', key = '']) => ({
      message: `${quoted(toPath(place))} needs ${quoted([key])}`,
      path: toPath(place),
    }),
  ],
  [
    /^(\S+) (?:value .* has non-unique elements|.*items.* must be unique)/,
    ([place = '']) => ({
      message: `${quoted(toPath(place))} has the same entry twice`,
      path: toPath(place),
    }),
  ],
  [
    /^error decoding '(\S+)': .*invalid duration "(.*)"/,
    ([place = '', value = '']) => isWrong(toPath(place), 'time such as 1m30s', `"${value}"`),
  ],
  [
    /^error decoding '(\S+)': .* in duration "(.*)"/,
    ([place = '', value = '']) => isWrong(toPath(place), 'time such as 1m30s', `"${value}"`),
  ],
  [
    /^error decoding '(\S+)': invalid size: '(.*)'/,
    ([place = '', value = '']) => isWrong(toPath(place), 'size such as 512m', `"${value}"`),
  ],
  [
    /^(?:1 error\(s\) decoding: *)?(?:\* )?error decoding '(\S+)': (.+)/,
    ([place = '', why = '']) => ({
      message: `${quoted(toPath(place))}: ${why}`,
      path: toPath(place),
    }),
  ],
  [
    /^error while interpolating (\S+): failed to cast .*parsing "(.*)"/,
    ([place = '', value = '']) => isWrong(toPath(place), 'number', `"${value}"`),
  ],
  [
    /attempting to convert service\.(\S+) to appropriate type: "(.*)" is not a valid (\w+)/,
    ([place = '', value = '']) => isWrong(['services', ...toPath(place)], 'number', `"${value}"`),
  ],
  [
    /^(?:In file '[^']+', the (\w+) name (.+) must be a quoted string|Non-string key in (\S+): (.+))/,
    ([a = '', name = '', b = '', key = '']) => ({
      message: `the key ${name || key} in ${quoted(toPath(a || b))} must be text. Put it in quotes`,
      path: [...toPath(a || b), name || key],
    }),
  ],
]
