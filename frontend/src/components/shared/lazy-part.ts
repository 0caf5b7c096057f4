import { defineAsyncComponent } from 'vue'
import type { Component } from 'vue'
import PartLost from './PartLost.vue'

/** A large part of a page, loaded when it is shown. If its code cannot be loaded, `PartLost` takes its place. */
export const lazyPart = <T extends Component>(loader: () => Promise<{ default: T }>) =>
  defineAsyncComponent<T>({ loader, errorComponent: PartLost })
