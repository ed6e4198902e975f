import{a}from"./shared-XYXMXVKL.js";import{da as e,k as o,q as r}from"./shared-VYCXEGOT.js";export{e as Y,a as awareness,r as decoding,o as encoding};
