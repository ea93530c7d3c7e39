import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { defineConfig } from "vite";

const outDir = "../static/graphiql";
const compressible = /\.(js|css|svg|ttf)$/;

/**
 * Writes a .br and a .gz file beside every large text file, so that the server only has to choose one.
 *
 * Brotli runs at quality 9: quality 11 takes six times as long for four per cent.
 */
function precompress() {
  const squeeze = {
    br: (body) => promisify(brotliCompress)(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }),
    gz: (body) => promisify(gzip)(body, { level: 9 }),
  };
  const compress = async (path) => {
    const body = await readFile(path);
    if (body.length < 1024) return;
    await Promise.all(
      Object.entries(squeeze).map(async ([ending, run]) => writeFile(`${path}.${ending}`, await run(body))),
    );
  };
  return {
    name: "precompress",
    apply: "build",
    async closeBundle() {
      const folder = join(import.meta.dirname, outDir, "files");
      const names = (await readdir(folder)).filter((name) => compressible.test(name));
      await Promise.all(names.map((name) => compress(join(folder, name))));
    },
  };
}

export default defineConfig({
  base: "/assets/graphiql/",
  build: {
    outDir,
    emptyOutDir: true,
    // Everything in this folder carries a hash in its name, so it may be cached for ever; index.html lies above.
    assetsDir: "files",
    // The page's policy allows no script from a data: address.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 5000,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      onwarn(warning, warn) {
        // "use client" is a word to React's servers, and there is none here.
        if (warning.code !== "MODULE_LEVEL_DIRECTIVE") warn(warning);
      },
    },
  },
  worker: { format: "es" },
  plugins: [precompress()],
});
