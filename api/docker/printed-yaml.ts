import { parse } from 'yaml'

/**
 * Reads YAML as Compose 1.29 prints it. Its printer follows YAML 1.1, where NEL, LS and PS end a line like a line feed; since YAML 1.2 they
 * are characters like any other. It prints text with line ends in single quotes and indents what follows each run of them.
 *
 * @throws YAMLParseError
 */
export const readPrintedYaml = (text: string): unknown => parse(text.replace(/([\n\x85\u2028\u2029]*[\x85\u2028\u2029]\n*)( *)/g, as12))

/** In YAML 1.2, only a line feed is folded: n of them in the text are n + 1 in print, followed by the indentation. */
function as12(_: string, run: string, indentation: string): string {
  // Here as well, the first line feed of a run only ends the printed line.
  const meant = run.startsWith('\n') ? run.slice(1) : run
  return meant.replace(/\n+/g, (feeds) => `\n${feeds}${indentation}`)
}
