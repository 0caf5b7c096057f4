type Loader = () => Promise<unknown>

const loaders = new Set<Loader>()

/** Large parts of pages, which are loaded when they are shown, or while nothing else is to do. */
export const rememberLoader = (loader: Loader): void => void loaders.add(loader)
export const rememberedLoaders = (): Loader[] => [...loaders]
