import type Docker from 'dockerode'

/** Images that are removed while they are listed are few, and gone the next time. */
const mostTries = 5

/** Words of an Engine before 23, which then answers 500 in place of a list. */
const isRemovedMeanwhile = (error: unknown): boolean => error instanceof Error && error.message.includes('unrecognized image ID')

/** Lists images, also while others of them are removed. @throws the Engine's errors */
export async function listImages(docker: Docker, options?: Docker.ListImagesOptions): Promise<Docker.ImageInfo[]> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await docker.listImages(options)
    } catch (error) {
      if (!isRemovedMeanwhile(error) || tries === mostTries) throw error
    }
  }
}
