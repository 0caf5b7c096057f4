import { defineAsyncComponent } from 'vue'
import type { Component } from 'vue'
import { rememberLoader } from '../../utils/shared/lazy-loaders.ts'
import PartNotLoaded from './PartNotLoaded.vue'

/** A large part of a page, loaded when it is shown. If its code cannot be loaded, `PartNotLoaded` takes its place. */
export const lazyPart = <T extends Component>(loader: () => Promise<{ default: T }>) => {
  rememberLoader(loader)
  return defineAsyncComponent<T>({ loader, errorComponent: PartNotLoaded })
}
