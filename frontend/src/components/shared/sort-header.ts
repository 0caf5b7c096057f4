import { h } from 'vue'
import { nextSorting, sortingOf } from '../../utils/shared/sorting.ts'
import SortHeader from './SortHeader.vue'

/** The header of a column by which a list can be sorted. @param current how it is sorted now, as the URL has it */
export const sortHeader = (label: string, column: string, current: () => string, onSort: (next: string) => void) => () => {
  const { by, falling } = sortingOf(current())
  return h(SortHeader, {
    label,
    sorted: by === column ? (falling ? 'desc' : 'asc') : false,
    onToggle: () => onSort(nextSorting(current(), column)),
  })
}
