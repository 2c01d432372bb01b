// Saturation of a picture in the browser, in Lab, as the server does it for the file: a and b times a factor, less
// where sRGB ends; lightness and hue stay.

const STEPS = 9; // halvings in the search for the end of sRGB: 1/512 of the chroma is less than a step of 8 bits
const KNEE = 6 / 29, SLOPE = 3 * KNEE * KNEE;
const LINEAR = Float32Array.from({ length: 256 }, (_, i) => {
  const v = i / 255;
  return v > 0.04045 ? ((v + 0.055) / 1.055) ** 2.4 : v / 12.92;
});
const FINE = 1 << 14;
const ENCODED = Uint8Array.from({ length: FINE + 1 }, (_, i) => {
  const v = i / FINE;
  return Math.round(255 * (v > 0.0031308 ? 1.055 * v ** (1 / 2.4) - 0.055 : 12.92 * v));
});

const EDGE = 2e-3; // of linear RGB: the picture itself is rounded to 8 bits
const R = [3.07993494, -1.53715152, -0.54278342], G = [-0.92123418, 1.87599, 0.04524418],
  B = [0.05288968, -0.20404134, 1.15115166]; // from XYZ over white

const curve = (t) => (t > KNEE ** 3 ? Math.cbrt(t) : t / SLOPE + 4 / 29);
const cube = (f) => (f > KNEE ? f * f * f : SLOPE * (f - 4 / 29));

// [fx - fy, fz - fy] per pixel, which are a / 500 and -b / 200, and fy.
function parts({ data }) {
  const count = data.length / 4, fy = new Float32Array(count), x = new Float32Array(count), z = new Float32Array(count);
  for (let i = 0, p = 0; i < count; i++, p += 4) {
    const r = LINEAR[data[p]], g = LINEAR[data[p + 1]], b = LINEAR[data[p + 2]];
    const light = curve(0.212671 * r + 0.71516 * g + 0.072169 * b);
    fy[i] = light;
    x[i] = curve(0.433953 * r + 0.376219 * g + 0.189828 * b) - light;
    z[i] = curve(0.017758 * r + 0.109477 * g + 0.872766 * b) - light;
  }
  return { fy, x, z };
}

export class Chroma {
  // `held`: the picture at saturation 0, where that has colours: under dabs.
  constructor(picture, held = null) {
    this.one = parts(picture);
    this.zero = held && parts(held);
  }

  // Fill an ImageData with the picture at a saturation.
  paint(saturation, target) {
    const { fy, x, z } = this.one, held = this.zero, out = target.data;
    const rgb = new Float64Array(3);
    for (let i = 0, p = 0; i < fy.length; i++, p += 4) {
      let dx = saturation * x[i], dz = saturation * z[i];
      if (held) {
        dx += (1 - saturation) * held.x[i];
        dz += (1 - saturation) * held.z[i];
      }
      const y = fy[i], light = cube(y);
      if (!inside(y, light, dx, dz, rgb)) {
        let share = 0;
        for (let step = 0.5, n = 0; n < STEPS; step /= 2, n++) {
          if (inside(y, light, (share + step) * dx, (share + step) * dz, rgb)) share += step;
        }
        inside(y, light, share * dx, share * dz, rgb);
      }
      for (let c = 0; c < 3; c++) out[p + c] = ENCODED[Math.min(FINE, Math.max(0, rgb[c] * FINE + 0.5)) | 0];
      out[p + 3] = 255;
    }
  }
}

// Linear RGB of a colour, into `rgb` -> whether sRGB has it.
function inside(fy, y, dx, dz, rgb) {
  const x = cube(fy + dx), z = cube(fy + dz);
  const r = rgb[0] = R[0] * x + R[1] * y + R[2] * z;
  const g = rgb[1] = G[0] * x + G[1] * y + G[2] * z;
  const b = rgb[2] = B[0] * x + B[1] * y + B[2] * z;
  return Math.min(r, g, b) >= -EDGE && Math.max(r, g, b) <= 1 + EDGE;
}
