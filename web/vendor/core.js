import{a as s}from"./shared-XYXMXVKL.js";import{da as a,k as r,q as e}from"./shared-VYCXEGOT.js";export{a as Y,s as awareness,e as decoding,r as encoding};
