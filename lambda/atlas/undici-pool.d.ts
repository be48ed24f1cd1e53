/** undici's pool without the package's index, which also loads fetch, caches and mocks: 60 ms and 260 KB less. */
declare module "undici/lib/dispatcher/pool.js" {
	export { Pool as default } from "undici";
}
