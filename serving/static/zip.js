// A zip archive of files as they are: photographs do not get smaller. APPNOTE.TXT 6.3.9, method 0.

const CRC = Uint32Array.from({ length: 256 }, (_, byte) => {
  for (let bit = 0; bit < 8; bit++) byte = byte & 1 ? 0xedb88320 ^ (byte >>> 1) : byte >>> 1;
  return byte;
});
const MOST = 0xffffffff; // bytes: beyond it the format is another one
const UTF8 = 0x0800; // the flag that says so of names

// Two files never have one name: the second `a.jpg` becomes `a (2).jpg`.
export function distinct(names) {
  const used = new Set();
  return names.map((name) => {
    const dot = name.lastIndexOf("."), [stem, suffix] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ""];
    let own = name;
    for (let n = 2; used.has(own.toLowerCase()); n++) own = `${stem} (${n})${suffix}`;
    used.add(own.toLowerCase());
    return own;
  });
}

// [{name, blob}] -> a Blob of the archive.
export async function archive(files, now = new Date()) {
  const time = (now.getHours() << 11) | (now.getMinutes() << 5) | (now.getSeconds() >> 1);
  const date = ((now.getFullYear() - 1980) << 9) | ((now.getMonth() + 1) << 5) | now.getDate();
  const parts = [], directory = [], names = distinct(files.map((file) => file.name));
  let offset = 0, listed = 0;
  for (const [i, { blob }] of files.entries()) {
    const name = new TextEncoder().encode(names[i]);
    const about = [[2, 20], [2, UTF8], [2, 0], [2, time], [2, date], [4, await checksum(blob)], [4, blob.size],
      [4, blob.size], [2, name.length], [2, 0]];
    const head = fields([4, 0x04034b50], ...about);
    const entry = fields([4, 0x02014b50], [2, 20], ...about, [2, 0], [2, 0], [2, 0], [4, 0], [4, offset]);
    parts.push(head, name, blob);
    directory.push(entry, name);
    offset += head.length + name.length + blob.size;
    listed += entry.length + name.length;
  }
  if (offset + listed > MOST) throw new Error("The files are more than 4 GB together. Download them one by one.");
  const count = files.length;
  const end = fields([4, 0x06054b50], [2, 0], [2, 0], [2, count], [2, count], [4, listed], [4, offset], [2, 0]);
  return new Blob([...parts, ...directory, end], { type: "application/zip" });
}

function fields(...values) {
  const bytes = new Uint8Array(values.reduce((sum, [size]) => sum + size, 0)), view = new DataView(bytes.buffer);
  let place = 0;
  for (const [size, value] of values) {
    if (size === 2) view.setUint16(place, value, true);
    else view.setUint32(place, value, true);
    place += size;
  }
  return bytes;
}

async function checksum(blob) {
  let crc = MOST;
  for (const byte of new Uint8Array(await blob.arrayBuffer())) crc = CRC[(crc ^ byte) & 255] ^ (crc >>> 8);
  return (crc ^ MOST) >>> 0;
}
