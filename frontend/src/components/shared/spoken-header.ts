import { h } from 'vue'

/** A table column's heading that only screen readers need. */
export const spokenHeader = (words: string) => () => h('span', { class: 'sr-only' }, words)
