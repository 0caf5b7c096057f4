/** Colours of a terminal. All sixteen have enough contrast on the background, black and white aside, which programs use as backgrounds. */
export const terminalThemes = {
  dark: {
    ...{ background: '#0b0f19', foreground: '#e2e8f0', cursor: '#e2e8f0', cursorAccent: '#0b0f19', selectionBackground: '#334155' },
    ...{ black: '#1e293b', red: '#f87171', green: '#4ade80', yellow: '#facc15', blue: '#60a5fa', magenta: '#e879f9', cyan: '#22d3ee' },
    ...{ white: '#e2e8f0', brightBlack: '#94a3b8', brightRed: '#fca5a5', brightGreen: '#86efac', brightYellow: '#fde047' },
    ...{ brightBlue: '#93c5fd', brightMagenta: '#f0abfc', brightCyan: '#67e8f9', brightWhite: '#ffffff' },
  },
  light: {
    ...{ background: '#ffffff', foreground: '#0f172a', cursor: '#0f172a', cursorAccent: '#ffffff', selectionBackground: '#bfdbfe' },
    ...{ black: '#0f172a', red: '#b91c1c', green: '#15803d', yellow: '#854d0e', blue: '#1d4ed8', magenta: '#a21caf', cyan: '#0e7490' },
    ...{ white: '#475569', brightBlack: '#64748b', brightRed: '#991b1b', brightGreen: '#166534', brightYellow: '#713f12' },
    ...{ brightBlue: '#1e40af', brightMagenta: '#86198f', brightCyan: '#155e75', brightWhite: '#334155' },
  },
} as const
