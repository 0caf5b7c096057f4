import { defineAsyncComponent } from 'vue'
import type { Component } from 'vue'
import PartLost from './PartLost.vue'

/** A large part of a page, loaded when a page shows it; where its code cannot be had, its place says so. */
export const lazyPart = <T extends Component>(loader: () => Promise<{ default: T }>) =>
  defineAsyncComponent<T>({ loader, errorComponent: PartLost })
