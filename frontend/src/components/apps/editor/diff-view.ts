import { MergeView, unifiedMergeView } from '@codemirror/merge'
import { Prec } from '@codemirror/state'
import { EditorView, lineNumbers } from '@codemirror/view'
import { minimalSetup } from 'codemirror'
import { editorTheme, readonlyAccess } from './text-editor.ts'

const tint = (colour: 'error' | 'success'): string => `color-mix(in oklab, var(--ui-${colour}) 14%, transparent)`

/**
 * Red lines are only in the first text, green ones only in the second, and a sign marks both. Syntax colors would be unreadable
 * on them.
 */
const theme = EditorView.theme({
  '.cm-content, .cm-gutter': { minHeight: '0' },
  '.cm-scroller': { maxHeight: '45vh' },
  '.cm-line, .cm-deletedLine': { position: 'relative', paddingLeft: '1.25rem !important' },
  '.cm-deletedChunk': { backgroundColor: tint('error'), paddingLeft: '0 !important' },
  '.cm-changedLine, .cm-inlineChangedLine': { backgroundColor: `${tint('success')} !important` },
  'ins, del, .cm-changedText, .cm-deletedText': { background: 'none !important', textDecoration: 'none !important' },
  '.cm-deletedLine::before, .cm-changedLine::before': { position: 'absolute', left: '0.375rem', color: 'var(--ui-text-muted)' },
  '.cm-deletedLine::before': { content: '"−"' },
  '.cm-changedLine::before': { content: '"+"' },
  '.cm-collapsedLines': { color: 'var(--ui-text-muted)', background: 'var(--ui-bg-muted)', padding: '4px 8px', fontSize: '12px' },
  // Few fonts have the default ornament.
  '.cm-collapsedLines::before, .cm-collapsedLines::after': { content: '"…"', margin: '0 4px' },
})

/** Each side has its own color and sign. */
const sideTheme = (colour: 'error' | 'success', sign: string) =>
  Prec.highest(
    EditorView.theme({
      '.cm-changedLine': { backgroundColor: `${tint(colour)} !important` },
      '.cm-changedLine::before': { content: `"${sign}"` },
      // The text of a removed line is marked as well, within the line.
      '.cm-changedLine .cm-deletedLine': { paddingLeft: '0 !important' },
      '.cm-changedLine .cm-deletedLine::before': { content: 'none' },
    }),
  )

const collapseUnchanged = { margin: 3, minSize: 6 }

const common = (label: string) => [
  minimalSetup,
  lineNumbers(),
  // Before the editor's theme, which it overrides.
  theme,
  editorTheme,
  EditorView.lineWrapping,
  EditorView.contentAttributes.of({ 'aria-label': label }),
  readonlyAccess,
]

interface Options {
  parent: HTMLElement
  before: string
  after: string
  label: string
}

/** Shows the differences between two texts in one column, so it fits on a phone too. */
export function createDiffView({ parent, before, after, label }: Options) {
  const merge = unifiedMergeView({
    original: before,
    mergeControls: false,
    highlightChanges: false,
    syntaxHighlightDeletions: false,
    gutter: true,
    collapseUnchanged,
  })
  const view = new EditorView({ parent, doc: after, extensions: [...common(label), merge] })
  return { destroy: (): void => view.destroy() }
}

/** Shows two texts beside each other. */
export function createSideBySideView({ parent, before, after, label }: Options) {
  const view = new MergeView({
    parent,
    a: { doc: before, extensions: [...common(`${label}, before`), sideTheme('error', '−')] },
    b: { doc: after, extensions: [...common(`${label}, after`), sideTheme('success', '+')] },
    highlightChanges: false,
    gutter: true,
    collapseUnchanged,
  })
  return { destroy: (): void => view.destroy() }
}
