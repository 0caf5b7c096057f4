import { findPackageJSON } from 'node:module'
import { dirname } from 'node:path'

/** The folder of package.json. The sources and the bundle lie at different depths below it. */
export const projectRoot = dirname(findPackageJSON('.', import.meta.url) ?? import.meta.dirname)
