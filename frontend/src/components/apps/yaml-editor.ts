import { yaml } from '@codemirror/lang-yaml'
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language'
import { lintGutter, setDiagnostics } from '@codemirror/lint'
import type { Diagnostic } from '@codemirror/lint'
import { Compartment, EditorState } from '@codemirror/state'
import type { Text } from '@codemirror/state'
import { EditorView, lineNumbers } from '@codemirror/view'
import { tags } from '@lezer/highlight'
import { minimalSetup } from 'codemirror'
import { sameText } from '../../utils/apps/compose-text.ts'
import type { LineProblem } from '../../utils/apps/compose-text.ts'

/** Colors come from the theme's variables, so dark and light share one definition. */
export const editorTheme = EditorView.theme({
  '&': { fontSize: '13px', backgroundColor: 'var(--ui-bg)', color: 'var(--ui-text)' },
  '&.cm-focused': { outline: '2px solid var(--ui-primary)', outlineOffset: '-1px' },
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

/** A line beyond the text counts as the last. */
const toDiagnostic =
  (doc: Text) =>
  ({ line, message }: LineProblem): Diagnostic => {
    const { from, to } = doc.line(Math.min(Math.max(line, 1), doc.lines))
    return { from, to, severity: 'error', message }
  }

export function createYamlEditor(options: {
  parent: HTMLElement
  doc: string
  label: string
  readonly: boolean
  onChange: (doc: string) => void
}) {
  const accessCompartment = new Compartment()
  const view = new EditorView({
    parent: options.parent,
    doc: options.doc,
    extensions: [
      minimalSetup,
      lineNumbers(),
      lintGutter(),
      yaml(),
      editorTheme,
      syntaxHighlighting(highlight),
      EditorView.contentAttributes.of({ 'aria-label': options.label }),
      EditorState.tabSize.of(2),
      accessCompartment.of(access(options.readonly)),
      EditorView.updateListener.of((update) => {
        if (update.docChanged) options.onChange(update.state.doc.toString())
      }),
    ],
  })

  return {
    /** Replaces the text, unless the change came from the editor itself. */
    setDoc(doc: string): void {
      if (!sameText(doc, view.state.doc.toString())) view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: doc } })
    },
    setReadonly: (readonly: boolean): void => view.dispatch({ effects: accessCompartment.reconfigure(access(readonly)) }),
    setProblems: (problems: LineProblem[]): void => view.dispatch(setDiagnostics(view.state, problems.map(toDiagnostic(view.state.doc)))),
    destroy: (): void => view.destroy(),
  }
}
