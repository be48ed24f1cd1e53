/**
 * undici's pool by itself: the package's front door also loads fetch, caches and mocks, which costs a cold start 60 ms
 * more and the bundle 260 KB. The exact version is pinned, so the path is as firm as the door.
 */
declare module "undici/lib/dispatcher/pool.js" {
	export { Pool as default } from "undici";
}
