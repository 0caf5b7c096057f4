export const exampleCompose = `services:
  web:
    image: nginx:alpine
    ports:
      - "8081:80"
    restart: unless-stopped
`
