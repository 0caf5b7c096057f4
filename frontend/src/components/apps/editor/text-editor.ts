import { yaml } from '@codemirror/lang-yaml'
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language'
import { lintGutter, setDiagnostics } from '@codemirror/lint'
import type { Diagnostic } from '@codemirror/lint'
import { Compartment, EditorState } from '@codemirror/state'
import type { Text } from '@codemirror/state'
import { EditorView, lineNumbers } from '@codemirror/view'
import { tags } from '@lezer/highlight'
import { minimalSetup } from 'codemirror'
import type { EditorMark } from '../../../utils/apps/editor-marks.ts'
import { isYaml } from '../../../utils/apps/file-paths.ts'
import { formOf, shownText, storedText } from '../../../utils/apps/text-form.ts'

/** Colors come from the theme's variables, so dark and light share one definition. */
export const editorTheme = EditorView.theme({
  '&': { fontSize: '13px', backgroundColor: 'var(--ui-bg)', color: 'var(--ui-text)' },
  // The ring around it shows the focus, because the gutter would cover an outline.
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--font-mono)', maxHeight: '60vh', lineHeight: '1.6' },
  '.cm-content, .cm-gutter': { minHeight: '16rem' },
  '.cm-content': { caretColor: 'var(--ui-primary)' },
  '.cm-cursor': { borderLeftColor: 'var(--ui-primary)' },
  '.cm-gutters': { backgroundColor: 'var(--ui-bg-muted)', color: 'var(--ui-text-dimmed)', border: 'none' },
  '.cm-tooltip': { backgroundColor: 'var(--ui-bg-elevated)', color: 'var(--ui-text)', border: '1px solid var(--ui-border)' },
  '.cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground': {
    backgroundColor: 'color-mix(in oklab, var(--ui-primary) 25%, transparent)',
  },
})

const highlight = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--ui-primary)' },
  { tag: [tags.string, tags.content], color: 'var(--ui-text)' },
  { tag: tags.comment, color: 'var(--ui-text-muted)', fontStyle: 'italic' },
  { tag: [tags.keyword, tags.number, tags.bool, tags.typeName], color: 'var(--ui-info)' },
  { tag: [tags.separator, tags.punctuation], color: 'var(--ui-text-muted)' },
])

/** Text that cannot be edited can still be focused, so the keyboard can scroll it. */
export const readonlyAccess = [
  EditorState.readOnly.of(true),
  EditorView.editable.of(false),
  EditorView.contentAttributes.of({ tabindex: '0' }),
]
const access = (readonly: boolean) => (readonly ? readonlyAccess : [])

/** A line beyond the text counts as the last. With a column, the mark goes from there to the end of the line. */
const toDiagnostic =
  (doc: Text) =>
  ({ line, column, message, severity }: EditorMark): Diagnostic => {
    const { from, to } = doc.line(Math.min(Math.max(line, 1), doc.lines))
    return { from: column === null ? from : Math.min(from + Math.max(column - 1, 0), to), to, severity, message }
  }

const extensionsFor = ({ text, path, label }: { text: string; path: string; label: string }) => [
  // Where line endings are mixed, a carriage return is a character like others.
  ...(shownText(text).includes('\r') ? [EditorState.lineSeparator.of('\n')] : []),
  minimalSetup,
  lineNumbers(),
  lintGutter(),
  ...(isYaml(path) ? [yaml()] : []),
  editorTheme,
  syntaxHighlighting(highlight),
  EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0' }),
  EditorState.tabSize.of(2),
]

/** Edits a text and keeps what an editor would lose: its byte order mark and its line endings. */
export function createTextEditor(options: {
  parent: HTMLElement
  text: string
  /** Decides the language. */
  path: string
  label: string
  readonly: boolean
  onChange: (text: string) => void
}) {
  let form = formOf(options.text)
  const accessCompartment = new Compartment()
  const view = new EditorView({
    parent: options.parent,
    doc: shownText(options.text),
    extensions: [
      ...extensionsFor(options),
      accessCompartment.of(access(options.readonly)),
      EditorView.updateListener.of((update) => {
        if (update.docChanged) options.onChange(storedText(update.state.doc.toString(), form))
      }),
    ],
  })

  return {
    /** Replaces the text, unless the change came from the editor itself. */
    setText(text: string): void {
      const now = view.state.doc.toString()
      if (text === storedText(now, form)) return
      form = formOf(text)
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: shownText(text) } })
    },
    setReadonly: (readonly: boolean): void => view.dispatch({ effects: accessCompartment.reconfigure(access(readonly)) }),
    setMarks: (marks: EditorMark[]): void => view.dispatch(setDiagnostics(view.state, marks.map(toDiagnostic(view.state.doc)))),
    goToLine(line: number): void {
      const { from } = view.state.doc.line(Math.min(Math.max(line, 1), view.state.doc.lines))
      view.dispatch({ selection: { anchor: from }, effects: EditorView.scrollIntoView(from, { y: 'center' }) })
      view.focus()
    },
    destroy: (): void => view.destroy(),
  }
}
