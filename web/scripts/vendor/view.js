// What the pages draw with: Preact, htm templates and signals.
export { html, render } from 'htm/preact'
export { createContext } from 'preact'
export { useCallback, useContext, useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
export { signal, computed, effect, batch, untracked, useComputed, useSignal, useSignalEffect } from '@preact/signals'
